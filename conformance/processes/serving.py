"""Server processes of the shop itself, as an operator would run them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from conformance.processes.ports import Ports
from conformance.processes.process import Process
from core.settings import Settings


class Serving:
    """One ``stockroom serve``, on a port of its own.

    Attributes:
        url: base URL, without a slash at its end.
        process: so that a test can be unkind to it.
    """

    def __init__(self, settings: Settings, folder: Path, port: int) -> None:
        folder.mkdir()
        command = [f"{Path(sys.executable).parent}/stockroom", "serve", "--host=127.0.0.1", f"--port={port}"]
        self.url = f"http://127.0.0.1:{port}"
        self.process = Process(command, folder, env=environment(settings))

    async def ready(self) -> None:
        """Return once it serves.

        Raises:
            Failed: it has ended, or needs too long.
        """

        async def answers() -> None:
            async with httpx2.AsyncClient() as client:
                (await client.get(f"{self.url}/readyz")).raise_for_status()

        await self.process.until(answers, 60)


@contextmanager
def serving(settings: Settings, folder: Path, count: int) -> Iterator[list[Serving]]:
    """``count`` processes on one database, not yet ready; ended when the context is left."""
    ports = Ports()
    started: list[Serving] = []
    try:
        for number in range(count):
            started.append(Serving(settings, folder / f"server-{number}", ports.take()))
        yield started
    finally:
        for one in started:
            one.process.stop()
        ports.release()


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a process that is to run with these settings, whatever we were started with."""
    rest = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    secret = {"database_url": settings.url, "secret_keys": ",".join(settings.keys)}
    ours = settings.model_dump(exclude_none=True) | secret
    return rest | {name.upper(): str(value) for name, value in ours.items()}
