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

from compare.plan import Contender, Plan

_FAREWELL = 120.0
"""Seconds in which a worker process must have emptied its store."""


class Broken(Exception):
    """A worker process has ended, or says that it cannot go on. The message says why."""


class Worker:
    """One storage, open and empty, in a process of its own. It ends with ``end``, or when this process ends."""

    def __init__(self, plan: Plan, contender: Contender) -> None:
        self.name = contender.name
        self._complaints = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - closed by end
        self._child = subprocess.Popen(
            [sys.executable, "-m", "compare.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            start_new_session=True,  # a Ctrl-C reaches us alone; it then ends in order
        )
        self._send({"plan": plan.model_dump(), "contender": contender.model_dump(), "born": time()})

    def opened(self) -> dict[str, Any]:
        """What it opened.

        Raises:
            Broken: the storage cannot be compared; it was not touched.
        """
        return self._answer(_ignore)

    def ask(self, do: str, advance: Callable[[int], None] | None = None, **what: Any) -> dict[str, Any]:
        """Have something done; ``advance`` is told how many rows were written meanwhile.

        Raises:
            Broken: it could not be done.
        """
        self._send({"do": do, **what})
        return self._answer(advance or _ignore)

    def end(self) -> str | None:
        """Have it empty its store, and end it; what went wrong with that."""
        try:
            answers, _ = self._child.communicate(timeout=_FAREWELL)
            failures = [message["failed"] for message in map(json.loads, answers.splitlines()) if "failed" in message]
            if failures:
                return str(failures[-1])
            return None if self._child.returncode == 0 else self._last_words()
        except subprocess.TimeoutExpired:
            return f"it had not emptied its store after {_FAREWELL:g} s"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)  # with the servers it may have started
            self._child.wait()
            self._complaints.close()

    def _send(self, order: dict[str, Any]) -> None:
        try:
            self._stdin.write(json.dumps(order) + "\n")
            self._stdin.flush()
        except OSError as error:
            raise Broken(self._last_words()) from error

    def _answer(self, advance: Callable[[int], None]) -> dict[str, Any]:
        for line in self._stdout:
            message = json.loads(line)
            if "failed" in message:
                raise Broken(message["failed"])
            if "done" in message:
                done: dict[str, Any] = message["done"]
                return done
            advance(message["rows"])
        raise Broken(self._last_words())

    def _last_words(self) -> str:
        self._complaints.seek(0)
        lines = self._complaints.read().strip().splitlines()
        return f"its process has ended{': ' + lines[-1] if lines else ''}"

    @property
    def _stdin(self) -> Any:
        return self._child.stdin

    @property
    def _stdout(self) -> Any:
        return self._child.stdout


def _ignore(_rows: int) -> None: ...
