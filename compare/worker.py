"""The process in which one storage is measured for one round: ``python -m compare.worker``, exchanging JSON lines.

Each storage has its own process, because memory, drivers and start-up of two storages cannot be distinguished in one;
because no storage shall pay for another's garbage collection; and because random effects of a process, such as its
memory layout, then vary between rounds and show in the confidence intervals.

When its standard input ends, for whatever reason, it empties its store and ends.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from threading import Thread
from typing import Any, TextIO

from compare.loops import ClientsTimedOut
from compare.plan import Load, Plan, StorageConfig
from compare.session import MeasurementSession, open_session
from core.errors import StockroomError

SendMessage = Callable[..., None]


async def run_worker(commands: TextIO, send: SendMessage) -> None:
    """Execute commands until the input ends; a command in progress is then cancelled."""
    first = json.loads(commands.readline())
    plan, storage = Plan.model_validate(first["plan"]), StorageConfig.model_validate(first["storage"])
    lines = _read_lines(commands)
    try:
        async with open_session(plan, storage, first["started_at"]) as session:
            send(done=session.describe())
            while line := await lines.get():
                step = asyncio.ensure_future(_execute(session, json.loads(line), lambda rows: send(rows=rows)))
                end = asyncio.ensure_future(lines.get())  # no other command comes before the answer
                await asyncio.wait({step, end}, return_when=asyncio.FIRST_COMPLETED)
                if end.done():
                    step.cancel()
                    await asyncio.wait({step})
                    return
                end.cancel()
                send(done=step.result())
    except (StockroomError, ClientsTimedOut) as error:
        send(failed=str(error))


def _read_lines(commands: TextIO) -> "asyncio.Queue[str]":
    """The lines of the input, and an empty string at its end."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        for line in commands:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(lines.put_nowait, "")

    Thread(target=read, daemon=True).start()
    return lines


async def _execute(
    session: MeasurementSession, message: dict[str, Any], on_rows: Callable[[int], None]
) -> dict[str, Any]:
    match message["command"]:
        case "fill":
            return await session.fill(on_rows)
        case "measure":
            return await session.measure(message["workload"], Load.model_validate(message["load"]), message["name"])
        case _:
            return await session.audit()


def main() -> None:
    """Send messages to what was standard output; all other output is redirected to standard error."""
    messages = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def send(**message: Any) -> None:
        messages.write(json.dumps(message) + "\n")

    loop = "uvloop" if find_spec("uvloop") else "asyncio"  # as `stockroom serve` chooses
    import_module(loop).run(run_worker(sys.stdin, send))


if __name__ == "__main__":
    main()
