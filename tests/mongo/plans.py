"""The server's plans for the commands that the backend has sent."""

from collections.abc import Iterator, Mapping
from typing import Any

from pymongo import monitoring

from backends.mongo.driver import AsyncClient

Command = dict[str, Any]

READS = {"find", "aggregate", "count", "distinct", "findAndModify"}
WRITES = {"update": "updates", "delete": "deletes"}
# Keys of the session and of the driver, which ``explain`` does not accept.
_SESSION_KEYS = {
    *("lsid", "$clusterTime", "$db", "txnNumber", "startTransaction", "autocommit", "$readPreference"),
    *("readConcern", "writeConcern", "ordered", "new"),
}


class CommandRecorder(monitoring.CommandListener):
    """Records the commands that look documents up."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in READS | set(WRITES):
            self.commands.append(dict(event.command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...
    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


def split_command(command: Command) -> Iterator[Command]:
    """The command without the session's keys; a write of several documents as several commands."""
    bare = {key: value for key, value in command.items() if key not in _SESSION_KEYS}
    name = next(iter(bare))
    if name == "aggregate":
        yield bare | {"cursor": {}}
    elif name in WRITES:
        for write in bare[WRITES[name]]:
            yield bare | {WRITES[name]: [write]}
    else:
        yield bare


async def explain_stages(client: AsyncClient, database: str, command: Command) -> set[str]:
    """The stages of the winning plan, look-ups included; ``COLLSCAN`` reads a collection without an index."""
    explain = {"explain": command, "verbosity": "executionStats"}
    return set(_find_stages(await client[database].command(explain)))


async def count_examined(client: AsyncClient, database: str, command: Command) -> tuple[int, int]:
    """How many keys of indexes, and how many documents, the server examines for a ``find``."""
    found = await client[database].command({"explain": command, "verbosity": "executionStats"})
    return found["executionStats"]["totalKeysExamined"], found["executionStats"]["totalDocsExamined"]


def _find_stages(plan: Any) -> Iterator[str]:
    if isinstance(plan, Mapping):
        if isinstance(plan.get("stage"), str):
            yield plan["stage"]
        if plan.get("collectionScans"):  # of a $lookup
            yield "COLLSCAN"
        for key, value in plan.items():
            if key not in ("rejectedPlans", "command"):
                yield from _find_stages(value)
    elif isinstance(plan, list):
        for part in plan:
            yield from _find_stages(part)
