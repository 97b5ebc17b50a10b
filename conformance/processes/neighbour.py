"""A second process at a store, which does one thing there and says what it saw.

It is run as ``python -m conformance.processes.neighbour add NAME``, or ``add-and-die NAME``.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from conformance.interleaving import add_tag, tag_names
from conformance.processes.serving import environment
from core.errors import StockroomError
from core.plugins import discover
from core.settings import Settings, load
from core.startup import open_storage

_LONGEST = 60.0
"""Seconds that it has, from its start to its end."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the other process had to say.

    Attributes:
        tags: names of the tags that it saw in the end.
        refused: code of the error that ended it before that.
    """

    tags: list[str] = field(default_factory=list)
    refused: str | None = None


async def neighbour(settings: Settings, folder: Path, *action: str) -> Said:
    """Run it with these settings, in ``folder``, to its end.

    Raises:
        RuntimeError: it said nothing.
        TimeoutError: it did not end.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "conformance.processes.neighbour", *action),
        env=environment(settings),
        cwd=folder,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), _LONGEST)
    finally:
        if process.returncode is None:
            process.kill()
    if not out:
        raise RuntimeError(f"the other process ended with code {process.returncode}: {err.decode()[-500:]}")
    return Said(**json.loads(out))


async def _act(action: str, name: str) -> None:
    settings = load()
    try:
        async with open_storage(discover().choose(settings), settings) as there:
            await there.storage.run(partial(add_tag, name=name))
            _say(tags=await tag_names(there.storage))
            if action == "add-and-die":
                os.kill(os.getpid(), signal.SIGKILL)
    except StockroomError as error:
        _say(refused=error.code)


def _say(**what: object) -> None:
    sys.stdout.write(json.dumps(what))
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_act(*sys.argv[1:]))
