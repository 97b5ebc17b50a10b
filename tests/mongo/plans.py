"""What the server would do for a command that the shop sent."""

from collections.abc import Iterator, Mapping
from typing import Any

from pymongo import monitoring

from tests.mongo.deployment import Client

Command = dict[str, Any]

READS = {"find", "aggregate", "count", "distinct", "findAndModify"}
WRITES = {"update": "updates", "delete": "deletes"}
# Of the session and of the driver; ``explain`` does not take them.
_FRAME = {
    *("lsid", "$clusterTime", "$db", "txnNumber", "startTransaction", "autocommit", "$readPreference"),
    *("readConcern", "writeConcern", "ordered", "new"),
}


class Recorder(monitoring.CommandListener):
    """Keeps the commands that look something up."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in READS | set(WRITES):
            self.commands.append(dict(event.command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...
    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


def singles(command: Command) -> Iterator[Command]:
    """The command without its frame; a write of several as several writes."""
    bare = {key: value for key, value in command.items() if key not in _FRAME}
    name = next(iter(bare))
    if name == "aggregate":
        yield bare | {"cursor": {}}
    elif name in WRITES:
        for one in bare[WRITES[name]]:
            yield bare | {WRITES[name]: [one]}
    else:
        yield bare


async def stages(client: Client, database: str, command: Command) -> set[str]:
    """The stages of the plan that wins, lookups included: a ``COLLSCAN`` is a collection read without an index."""
    asked = {"explain": command, "verbosity": "executionStats"}
    return set(_stages(await client[database].command(asked)))


async def examined(client: Client, database: str, command: Command) -> tuple[int, int]:
    """How many keys of indexes, and how many documents, the server looks at for a ``find``."""
    found = await client[database].command({"explain": command, "verbosity": "executionStats"})
    return found["executionStats"]["totalKeysExamined"], found["executionStats"]["totalDocsExamined"]


def _stages(plan: Any) -> Iterator[str]:
    if isinstance(plan, Mapping):
        if isinstance(plan.get("stage"), str):
            yield plan["stage"]
        if plan.get("collectionScans"):  # of a $lookup
            yield "COLLSCAN"
        for key, value in plan.items():
            if key not in ("rejectedPlans", "command"):
                yield from _stages(value)
    elif isinstance(plan, list):
        for part in plan:
            yield from _stages(part)
