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


class ProcessFailed(Exception):
    """A program ended, or did not respond in time. The message carries the last lines that it wrote."""


class Process:
    """A server program, running in a session of its own so that a Ctrl-C reaches the tests first.

    It is ended by ``stop``, which also runs when the interpreter exits; if the test process is killed, the kernel ends
    the program.

    Args:
        command: program and arguments.
        folder: its working directory, in which ``log`` is written.
        user: the user that it runs as; None for the current one.
        env: its environment; None for the current one.
        stop_signal: the signal that makes it end at once.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        folder: Path,
        *,
        user: str | None = None,
        env: Mapping[str, str] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self._log = folder / "log"
        self._stop_signal = stop_signal
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(  # noqa: S603 - the command is the test's own
                [*_run_as(user, *_die_with_parent(stop_signal)), *command],
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
        """The id of the program, which leads its process group."""
        return self._child.pid

    def tail(self, lines: int = 5) -> str:
        """The last lines that it wrote."""
        return "\n".join(self._log.read_text(errors="replace").strip().splitlines()[-lines:])

    async def wait_until(self, check: Callable[[], Awaitable[None]], seconds: float) -> None:
        """Return once ``check`` raises nothing.

        Raises:
            ProcessFailed: the program has ended, or ``seconds`` are over.
        """
        deadline = time.monotonic() + seconds
        while True:
            if self._child.poll() is not None:
                raise ProcessFailed(f"it ended with code {self._child.returncode}: {self.tail()}")
            try:
                return await asyncio.wait_for(check(), 5)
            except Exception as error:  # each driver has its own exception for a server that is not ready
                if time.monotonic() > deadline:
                    raise ProcessFailed(f"no response after {seconds:.0f} s ({error!r}): {self.tail()}") from error
            await asyncio.sleep(0.05)

    def stop(self, timeout: float = 10.0) -> None:
        """End it and everything it started: by signal, after ``timeout`` seconds by force. May be called twice."""
        atexit.unregister(self.stop)
        if self._child.poll() is None:
            self._child.send_signal(self._stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(timeout)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()


async def run_command(command: Sequence[str | Path], folder: Path, *, user: str | None = None) -> None:
    """Run a program to its end.

    Raises:
        ProcessFailed: it ended with another code than 0.
    """
    done = await asyncio.to_thread(
        subprocess.run,
        [*_run_as(user), *command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        output = "\n".join((done.stdout + done.stderr).strip().splitlines()[-20:])
        raise ProcessFailed(f"{Path(command[0]).name} ended with code {done.returncode}: {output}")


_OVERFLOW_UID = 65534  # the account without rights that every Linux has


def unprivileged_user(name: str) -> str | None:
    """The user for a server that refuses to run as root: ``name``, if it exists. None unless we are root."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name).pw_name
    return pwd.getpwuid(_OVERFLOW_UID).pw_name


def _run_as(user: str | None, *options: str) -> list[str]:
    if user is not None:
        options = (f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--init-groups", *options)
    return ["setpriv", *options, "--"] if options else []


def _die_with_parent(stop_signal: signal.Signals) -> list[str]:
    # Only Linux has this; elsewhere a test process that is killed leaves its servers behind.
    return [f"--pdeathsig={stop_signal.name.removeprefix('SIG')}"] if sys.platform == "linux" else []
