"""Who is told of units of work: metrics and traces. Backends know nothing of it: ``run_with_retry`` tells."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

_UNWATCHED = nullcontext()


class Observer:
    """Somebody who may watch the units of work of a request; this one does not look."""

    def attempt(self, number: int) -> AbstractContextManager[object]:
        """Entered for each run of a unit of work, ``number`` being 1 for the first one, and left when it has ended.

        Where the run was undone, the error leaves it: ``TransientConflict`` where it may be run again.
        """
        del number
        return _UNWATCHED

    def retries_exhausted(self) -> None:
        """The unit of work was given up: conflicts went on for too long."""


_observer: ContextVar[Observer | None] = ContextVar("stockroom_observer", default=None)
_NULL_OBSERVER = Observer()


def current() -> Observer:
    """Whoever watches this task."""
    return _observer.get() or _NULL_OBSERVER


@contextmanager
def observe_with(observer: Observer) -> Iterator[None]:
    """Let ``observer`` watch what this task does within, and the tasks that it starts."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)
