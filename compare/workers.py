"""The worker processes of a round, seen from the process that compares."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from time import time
from typing import Any

from compare.plan import Plan, StorageConfig

_STOP_TIMEOUT_SECONDS = 120.0
"""In which a worker process must have emptied its store and ended."""


class WorkerFailed(Exception):
    """A worker process has ended, or reported an error. The message is the reason."""


class Worker:
    """One storage, open and empty, in its own process, which ends with ``stop`` or together with this process."""

    def __init__(self, plan: Plan, storage: StorageConfig) -> None:
        self._stderr = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - closed by stop
        self._child = subprocess.Popen(
            [sys.executable, "-m", "compare.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            start_new_session=True,  # a Ctrl-C reaches this process alone, which then stops the worker
        )
        self._send({"plan": plan.model_dump(), "storage": storage.model_dump(), "started_at": time()})

    def wait_until_open(self) -> dict[str, Any]:
        """The description of the opened storage.

        Raises:
            WorkerFailed: the storage cannot be compared; it was not touched.
        """
        return self._read_result(_ignore)

    def execute(self, command: str, on_rows: Callable[[int], None] | None = None, **arguments: Any) -> dict[str, Any]:
        """The result of a command; ``on_rows`` is called with numbers of rows as they are written.

        Raises:
            WorkerFailed: the command failed.
        """
        self._send({"command": command, **arguments})
        return self._read_result(on_rows or _ignore)

    def stop(self) -> str | None:
        """Let the process empty its store and end; what went wrong, or None."""
        try:
            answers, _ = self._child.communicate(timeout=_STOP_TIMEOUT_SECONDS)
            failures = [message["failed"] for message in map(json.loads, answers.splitlines()) if "failed" in message]
            if failures:
                return str(failures[-1])
            return None if self._child.returncode == 0 else self._describe_exit()
        except subprocess.TimeoutExpired:
            return f"it had not emptied its store after {_STOP_TIMEOUT_SECONDS:g} s"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)  # with the servers it may have started
            self._child.wait()
            self._stderr.close()

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._stdin.write(json.dumps(message) + "\n")
            self._stdin.flush()
        except OSError as error:
            raise WorkerFailed(self._describe_exit()) from error

    def _read_result(self, on_rows: Callable[[int], None]) -> dict[str, Any]:
        for line in self._stdout:
            message = json.loads(line)
            if "failed" in message:
                raise WorkerFailed(message["failed"])
            if "done" in message:
                done: dict[str, Any] = message["done"]
                return done
            on_rows(message["rows"])
        raise WorkerFailed(self._describe_exit())

    def _describe_exit(self) -> str:
        self._stderr.seek(0)
        lines = self._stderr.read().strip().splitlines()
        return f"its process has ended{': ' + lines[-1] if lines else ''}"

    @property
    def _stdin(self) -> Any:
        return self._child.stdin

    @property
    def _stdout(self) -> Any:
        return self._child.stdout


def _ignore(_rows: int) -> None: ...
