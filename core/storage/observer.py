"""Observers of units of work, for metrics and traces. ``run_with_retry`` calls them; backends need not know."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

_NO_CONTEXT = nullcontext()


class Observer:
    """Observes the units of work of a request; this one does nothing."""

    def attempt(self, number: int) -> AbstractContextManager[object]:
        """Entered for each run of a unit of work, ``number`` being 1 for the first one, and left when it has ended.

        Where the run was undone, the error leaves it: ``TransientConflict`` where it may be run again.
        """
        del number
        return _NO_CONTEXT

    def retries_exhausted(self) -> None:
        """The unit of work failed after its last retry."""


_observer: ContextVar[Observer | None] = ContextVar("stockroom_observer", default=None)
_NULL_OBSERVER = Observer()


def current() -> Observer:
    """The observer of this task."""
    return _observer.get() or _NULL_OBSERVER


@contextmanager
def observe_with(observer: Observer) -> Iterator[None]:
    """Observe the units of work of this task and of the tasks that it starts, while the context is open."""
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)
