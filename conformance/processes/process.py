"""Programs that a test run starts, and that must not outlive it."""

import asyncio
import atexit
import contextlib
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path


class Failed(Exception):
    """A program ended, or did not answer in time. The message carries the last lines it wrote."""


class Process:
    """A server program, running in a session of its own so that a Ctrl-C reaches the tests first.

    It is ended by ``stop``, which also runs when the interpreter exits; should the test process be killed outright, the
    kernel ends the program.

    Args:
        command: program and arguments.
        folder: where it runs, and where ``log`` is written.
        user: whose rights it runs with; None for our own.
        env: its environment; None for our own.
        goodbye: signal that asks it to end at once.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        folder: Path,
        *,
        user: str | None = None,
        env: Mapping[str, str] | None = None,
        goodbye: signal.Signals = signal.SIGTERM,
    ) -> None:
        self._log = folder / "log"
        self._goodbye = goodbye
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(  # noqa: S603 - what tests ask for
                [*_with_rights_of(user, *_ending_with_us(goodbye)), *command],
                cwd=folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        atexit.register(self.stop)

    @property
    def pid(self) -> int:
        """Of the program, which leads its process group."""
        return self._child.pid

    def tail(self, lines: int = 5) -> str:
        """The last lines it wrote."""
        return "\n".join(self._log.read_text(errors="replace").strip().splitlines()[-lines:])

    async def until(self, answers: Callable[[], Awaitable[None]], seconds: float) -> None:
        """Return once ``answers`` raises nothing.

        Raises:
            Failed: the program has ended, or time is up.
        """
        deadline = time.monotonic() + seconds
        while True:
            if self._child.poll() is not None:
                raise Failed(f"it ended with code {self._child.returncode}: {self.tail()}")
            try:
                return await asyncio.wait_for(answers(), 5)
            except Exception as error:  # a driver's way of saying "not yet" is its own
                if time.monotonic() > deadline:
                    raise Failed(f"no answer after {seconds:.0f} s ({error!r}): {self.tail()}") from error
            await asyncio.sleep(0.05)

    def stop(self, patience: float = 10.0) -> None:
        """End it and everything it started: asked first, after ``patience`` seconds forced. Twice does no harm."""
        atexit.unregister(self.stop)
        if self._child.poll() is None:
            self._child.send_signal(self._goodbye)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(patience)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()


async def run(command: Sequence[str | Path], folder: Path, *, user: str | None = None) -> None:
    """Run a program to its end.

    Raises:
        Failed: it ended with another code than 0.
    """
    done = await asyncio.to_thread(
        subprocess.run,
        [*_with_rights_of(user), *command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-20:])
        raise Failed(f"{Path(command[0]).name} ended with code {done.returncode}: {said}")


def unprivileged(name: str) -> str | None:
    """Whose rights a server gets that refuses to run as root: ``name``'s, if it exists. None unless we are root."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name).pw_name
    return "nobody"


def _with_rights_of(user: str | None, *options: str) -> list[str]:
    if user is not None:
        options = (f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--init-groups", *options)
    return ["setpriv", *options, "--"] if options else []


def _ending_with_us(goodbye: signal.Signals) -> list[str]:
    # Linux alone offers this; elsewhere only a killed test process leaves its servers behind.
    return [f"--pdeathsig={goodbye.name.removeprefix('SIG')}"] if sys.platform == "linux" else []
