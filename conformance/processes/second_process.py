"""A second process on a store, which adds a tag and reports the tags that it sees.

It is run as ``python -m conformance.processes.second_process add NAME``, or ``add-and-crash NAME``.
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
from conformance.processes.servers import environment_of
from core.errors import StockroomError
from core.plugins import discover
from core.settings import Settings, load
from core.startup import open_storage

_TIMEOUT = 60.0
"""Seconds from its start to its end."""


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """What the process reported.

    Attributes:
        tags: names of the tags that it saw at its end.
        error: code of the error that ended it before that.
    """

    tags: list[str] = field(default_factory=list)
    error: str | None = None


async def run_second_process(settings: Settings, folder: Path, *action: str) -> ProcessResult:
    """Run it with these settings, in ``folder``, to its end.

    Raises:
        RuntimeError: it reported nothing.
        TimeoutError: it did not end.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "conformance.processes.second_process", *action),
        env=environment_of(settings),
        cwd=folder,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), _TIMEOUT)
    finally:
        if process.returncode is None:
            process.kill()
    if not out:
        raise RuntimeError(f"the other process ended with code {process.returncode}: {err.decode()[-500:]}")
    return ProcessResult(**json.loads(out))


async def _act(action: str, name: str) -> None:
    settings = load()
    try:
        async with open_storage(discover().choose(settings), settings) as there:
            await there.storage.run(partial(add_tag, name=name))
            _report(tags=await tag_names(there.storage))
            if action == "add-and-crash":
                os.kill(os.getpid(), signal.SIGKILL)
    except StockroomError as error:
        _report(error=error.code)


def _report(**result: object) -> None:
    sys.stdout.write(json.dumps(result))
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_act(*sys.argv[1:]))
