"""The process that one storage is measured in for one round: ``python -m compare.worker``, talking in lines of JSON.

A process of its own, because the memory of a storage, its driver and its start cannot be told apart from another's in
one process; because no storage shall pay for the garbage of another; and because the accidents of a process, such as
where things lie in memory, are then drawn anew for each round and show in the confidence intervals.

When its standard input ends, whatever the reason, it empties its store and ends too.
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

from compare.loops import Stuck
from compare.plan import Contender, Load, Plan
from compare.session import Session, session
from core.errors import StockroomError

Say = Callable[..., None]


async def work(orders: TextIO, say: Say) -> None:
    """Carry out what is asked for until nothing is any more; in the middle of something too."""
    first = json.loads(orders.readline())
    plan, contender = Plan.model_validate(first["plan"]), Contender.model_validate(first["contender"])
    lines = _listen(orders)
    try:
        async with session(plan, contender, first["born"]) as opened:
            say(done=opened.describe())
            while line := await lines.get():
                step = asyncio.ensure_future(_carry_out(opened, json.loads(line), lambda rows: say(rows=rows)))
                end = asyncio.ensure_future(lines.get())  # before the answer, nothing else can come
                await asyncio.wait({step, end}, return_when=asyncio.FIRST_COMPLETED)
                if end.done():
                    step.cancel()
                    await asyncio.wait({step})
                    return
                end.cancel()
                say(done=step.result())
    except (StockroomError, Stuck) as error:
        say(failed=str(error))


def _listen(orders: TextIO) -> "asyncio.Queue[str]":
    """What comes in, line by line, and nothing when that has ended."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def listen() -> None:
        for line in orders:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        with suppress(RuntimeError):  # we have ended of ourselves
            loop.call_soon_threadsafe(lines.put_nowait, "")

    Thread(target=listen, daemon=True).start()
    return lines


async def _carry_out(opened: Session, order: dict[str, Any], advance: Callable[[int], None]) -> dict[str, Any]:
    match order["do"]:
        case "fill":
            return await opened.fill(advance)
        case "drive":
            return await opened.drive(order["workload"], Load.model_validate(order["load"]), order["name"])
        case _:
            return await opened.audit()


def main() -> None:
    """Talk over what was standard output; whatever else writes there is sent to standard error."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(**message: Any) -> None:
        answers.write(json.dumps(message) + "\n")

    loop = "uvloop" if find_spec("uvloop") else "asyncio"  # as `stockroom serve` chooses
    import_module(loop).run(work(sys.stdin, say))


if __name__ == "__main__":
    main()
