"""Worker processes: forked from one process that has imported everything, watched, and started again when they end."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from time import monotonic

from structlog.typing import FilteringBoundLogger

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends the workers and the process that watches them."""

_TICK_SECONDS = 0.2
"""Longest time until a signal is noticed, or a start that is due."""

_PAUSE_SECONDS = 5.0
"""Between two looks at the workers, the time that shows that this process was stopped, and they perhaps too."""

_FORK = get_context("fork")


def heeded_signals() -> list[signal.Signals]:
    """Those that this process was not started to ignore, as ``nohup`` has it ignore SIGHUP."""
    return [number for number in STOP_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]


Target = Callable[[Connection], None]
"""What a worker runs. Each message that it sends over the connection reports that it serves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPolicy:
    """When a worker is started again.

    Attributes:
        first_delay: seconds before the third start in a row; doubled for each further one. The second is at once.
        max_delay: the most seconds before a start.
        max_failed_starts: starts in a row that may end without a report; the server ends when those of all workers did.
        stable_after: seconds of serving after which earlier ends do not count any more.
        start_timeout: seconds without the first report after which a worker is killed.
        report_timeout: seconds without a further report after which it is.
    """

    first_delay: float = 1.0
    max_delay: float = 30.0
    max_failed_starts: int = 10
    stable_after: float = 60.0
    start_timeout: float = 300.0
    report_timeout: float = 60.0

    def delay(self, ends: int) -> float:
        """Seconds to wait after so many ends in a row."""
        return 0.0 if ends < 2 else min(self.max_delay, self.first_delay * 2.0 ** min(ends - 2, 20))


class Worker:
    """One process, from its start to its end."""

    def __init__(self, target: Target) -> None:
        self._reports, sending = _FORK.Pipe(duplex=False)
        os.set_blocking(sending.fileno(), False)  # so that a worker never waits for the process that watches it
        self.process = _FORK.Process(target=_run, args=(target, sending), daemon=True)
        self._started_at = self._reported_at = monotonic()
        self.has_served = False
        with _blocked_signals():
            self.process.start()
        sending.close()

    @property
    def age(self) -> float:
        """Seconds since its start."""
        return monotonic() - self._started_at

    @property
    def silence(self) -> float:
        """Seconds since its last report, or since its start."""
        return monotonic() - self._reported_at

    def reset_silence(self) -> None:
        """Count from now on, as after a time in which no process ran."""
        self._reported_at = monotonic()

    def read_reports(self) -> bool:
        """Take note of its reports; whether the first is among them."""
        had_served = self.has_served
        with suppress(EOFError, OSError):  # it has ended
            while self._reports.poll():
                self._reports.recv_bytes()
                self.has_served, self._reported_at = True, monotonic()
        return self.has_served and not had_served

    def close(self) -> str:
        """Release what belongs to a process that has ended; returns how it ended."""
        self.process.join()
        self._reports.close()
        code = self.process.exitcode or 0
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


class _Slot:
    """The place of a worker and of its successors."""

    def __init__(self) -> None:
        self.worker: Worker | None = None
        self.ends = self.failed_starts = 0
        self.due = 0.0


class Supervisor:
    """Keeps a number of workers running until a signal ends them all.

    Args:
        target: what each worker runs.
        count: of workers.
        grace: seconds that they have to end.
        log: of their starts and ends.
        policy: when they are started again.
    """

    def __init__(
        self, target: Target, count: int, grace: float, log: FilteringBoundLogger, policy: RestartPolicy | None = None
    ) -> None:
        self._target, self._grace, self._log = target, grace, log
        self._policy = policy or RestartPolicy()
        self._slots = [_Slot() for _ in range(count)]
        self._is_stopping = False
        self._watched_at = monotonic()

    def run(self) -> bool:
        """True where a signal ended them; False where no worker could be started any more."""
        previous = {number: signal.signal(number, self._on_signal) for number in heeded_signals()}
        try:
            while not self._is_stopping and not self._has_given_up():
                self._start_due()
                self._watch()
            return self._is_stopping
        finally:
            self._stop()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _on_signal(self, *_: object) -> None:
        self._is_stopping = True

    def _has_given_up(self) -> bool:
        return all(slot.failed_starts >= self._policy.max_failed_starts for slot in self._slots)

    def _running(self) -> list[tuple[_Slot, Worker]]:
        return [(slot, slot.worker) for slot in self._slots if slot.worker is not None]

    def _start_due(self) -> None:
        for slot in self._slots:
            if slot.worker is None and monotonic() >= slot.due:
                slot.worker = Worker(self._target)

    def _watch(self) -> None:
        running = self._running()
        wait([worker.process.sentinel for _, worker in running], _TICK_SECONDS)
        was_paused, self._watched_at = monotonic() - self._watched_at > _PAUSE_SECONDS, monotonic()
        for slot, worker in running:
            if worker.read_reports():
                slot.failed_starts = 0
                self._log.info("worker serves", pid=worker.process.pid, seconds=round(worker.age, 2))
            if not worker.process.is_alive():
                self._replace(slot, worker)
            elif was_paused:
                worker.reset_silence()
            elif worker.silence > (self._policy.report_timeout if worker.has_served else self._policy.start_timeout):
                self._log.error("worker does not respond", pid=worker.process.pid, seconds=round(worker.silence))
                worker.process.kill()
                worker.process.join(_TICK_SECONDS)

    def _replace(self, slot: _Slot, worker: Worker) -> None:
        pid, cause = worker.process.pid, worker.close()
        is_stable = worker.has_served and worker.age >= self._policy.stable_after
        slot.ends = 1 if is_stable else slot.ends + 1
        slot.failed_starts += not worker.has_served
        delay = self._policy.delay(slot.ends)
        slot.worker, slot.due = None, monotonic() + delay
        self._log.error("worker ended", pid=pid, cause=cause, served=worker.has_served, restart_seconds=delay)

    def _stop(self) -> None:
        """Ask all to end, and kill those that have not ended in time."""
        running = [worker for _, worker in self._running()]
        for worker in running:
            worker.process.terminate()
        end = monotonic() + self._grace
        for worker in running:
            worker.process.join(max(0.0, end - monotonic()))
            if worker.process.is_alive():
                self._log.error("worker did not end in time", pid=worker.process.pid)
                worker.process.kill()
            worker.close()


def _run(target: Target, reports: Connection) -> None:
    """In the worker: without the handlers that it was forked with."""
    for number in heeded_signals():
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    target(reports)


@contextmanager
def _blocked_signals() -> Iterator[None]:
    """Signals wait, so that none reaches a new process before its own handlers."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
