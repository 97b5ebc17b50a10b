"""A driver's errors into core's, once, from codes. Nothing of a driver's message goes further than the log."""

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Executable, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backends.sql.dialects import Dialect, Fault
from backends.sql.statement import Statement
from core.errors import ConfigurationError, Conflict, PoolExhausted, StockroomError, TransientConflict, Unavailable
from core.settings import Settings

logger = logging.getLogger(__name__)

NETWORK_ERRORS = (OSError, TimeoutError)

Params = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


class Rows(Protocol):
    """Something that can be asked for rows."""

    async def rows(self, statement: Executable | Statement, params: Params = None) -> Sequence[Any]:
        """All rows of a query."""
        ...


Explain = Callable[[Rows], Awaitable[StockroomError]]


class Clash(Conflict):
    """A unique value or a reference was refused; what exactly is asked once the unit of work is undone.

    No database names the columns in a code, and several report only the first of many, each another. So the values are
    looked up instead: ``explain`` does it, and every database gives the same answer.
    """

    def __init__(self, explain: Explain) -> None:
        super().__init__("The change contradicts what is stored.")
        self.explain = explain


class Disconnected(Unavailable):
    """The connection broke, so that nothing of an unfinished unit of work was kept."""


class Refused(StockroomError):
    """A constraint refused a write. Caught where it is known which entity it was about."""

    def __init__(self, fault: Fault) -> None:
        super().__init__("A constraint of the schema refused the change.")
        self.fault = fault


def translate(dialect: Dialect, error: BaseException) -> BaseException:
    """``error`` in core's terms; an error that is none of the database's doing comes back as it is."""
    if isinstance(error, PoolTimeout):
        return PoolExhausted()
    if isinstance(error, DBAPIError):
        return _from_driver(dialect, error, error.orig, error.connection_invalidated)
    if isinstance(error, NETWORK_ERRORS):
        logger.warning("storage connection lost (%s)", type(error).__name__)
        return Disconnected()
    return _from_driver(dialect, error, error, False)


def fault_of(dialect: Dialect, cause: BaseException | None) -> Fault | None:
    """What a driver's error means to us, if it is one that we know."""
    code = dialect.code(cause) if cause is not None else None
    fault = dialect.faults.get(code) if code is not None else None
    if fault is None and isinstance(code, int) and dialect.faults.get(code & 0xFF) is Fault.UNAVAILABLE:
        fault = Fault.UNAVAILABLE  # SQLite's extended codes hold the plain one in their lowest byte
    return fault


def _from_driver(dialect: Dialect, error: BaseException, cause: BaseException | None, lost: bool) -> BaseException:
    fault, code = fault_of(dialect, cause), dialect.code(cause) if cause is not None else None
    if fault in (Fault.UNIQUE, Fault.REFERENCE):
        return Refused(fault)
    if fault is Fault.TRANSIENT:
        return TransientConflict()
    if fault is Fault.DISCONNECTED or lost:
        logger.warning("storage connection lost (code %s)", code)
        return Disconnected()
    if fault is Fault.UNAVAILABLE:
        logger.error("storage unavailable (code %s)", code)
        return Unavailable()
    return error


def meaning(dialect: Dialect, settings: Settings, error: BaseException) -> BaseException:
    """As ``translate``, for what an operator waits for: missing rights and the like are explained too."""
    translated = translate(dialect, error)
    if translated is error and isinstance(error, DBAPIError) and error.orig:
        return refusal(dialect, settings, error) if dialect.code(error.orig) in dialect.refusals else error
    return translated


def refusal(dialect: Dialect, settings: Settings, error: BaseException) -> StockroomError:
    """What is wrong when a connection cannot be made or has no rights: one sentence, no credentials."""
    if isinstance(error, StockroomError):
        return error
    url = make_url(settings.url)
    place = "" if dialect.capabilities.embedded else f" at {url.host or 'localhost'}:{url.port or 'the default port'}"
    for cause in _causes(error):
        code = dialect.code(cause)
        if code is not None and code in dialect.refusals:
            return ConfigurationError(f"DATABASE_URL: {dialect.title}{place}: {dialect.refusals[code]}.")
        if isinstance(cause, (OSError, TimeoutError)):
            return ConfigurationError(
                f"DATABASE_URL: nobody answers{place}. Is the server running, and are host and port right?"
            )
    return ConfigurationError(
        f"DATABASE_URL: {dialect.title}{place} cannot be opened. Check the URL, its scheme included, and the server."
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        original = getattr(error, "orig", None)
        if original is not None:
            yield original
        error = error.__cause__ or error.__context__
