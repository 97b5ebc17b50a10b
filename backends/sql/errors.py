"""A driver's errors into core's, once, from codes. Nothing of a driver's message goes further than the log."""

import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backends.sql.address import format_hosts, parse_url
from backends.sql.dialects import Dialect, ErrorClass
from backends.sql.statement import QueryExecutor
from core.errors import ConfigurationError, Conflict, PoolExhausted, StockroomError, TransientConflict, Unavailable
from core.settings import Settings

logger = logging.getLogger(__name__)

NETWORK_ERRORS = (OSError, TimeoutError)

Diagnose = Callable[[QueryExecutor], Awaitable[StockroomError]]


class ConstraintViolation(Conflict):
    """A unique value or a reference was refused; which one is queried once the unit of work is undone.

    No database names the columns in a code, and several report only the first of many, each another. So the values are
    looked up instead: ``diagnose`` does it, and every database gives the same answer.
    """

    def __init__(self, diagnose: Diagnose) -> None:
        super().__init__("The change contradicts what is stored.")
        self.diagnose = diagnose


class Disconnected(Unavailable):
    """The connection broke, so that nothing of an unfinished unit of work was kept."""


class NotWritable(Unavailable):
    """The server takes no writes: a standby, or a node outside its cluster. Nothing of a unit of work was kept."""

    def __init__(self) -> None:
        super().__init__("The storage takes no writes at the moment. Try again later.")


class Denied(Unavailable):
    """The account lacks a right."""


class TransactionEnded(Unavailable):
    """The server has ended a transaction before its commit, and no statement of it failed; the outcome is unknown."""

    def __init__(self) -> None:
        logger.error("the server ended a transaction before its commit without an error; its outcome is unknown")
        super().__init__()


class IntegrityViolation(StockroomError):
    """A constraint refused a write. Caught where it is known which entity it was about."""

    def __init__(self, error_class: ErrorClass) -> None:
        super().__init__("A constraint of the schema refused the change.")
        self.error_class = error_class


def statement_timed_out() -> Unavailable:
    """The error where a database did not answer in time; the connection is then thrown away."""
    logger.warning("storage did not answer in time")
    return Unavailable()


def translate(dialect: Dialect, error: BaseException) -> BaseException:
    """``error`` in core's terms; an error that is none of the database's doing comes back as it is."""
    if isinstance(error, PoolTimeout):
        return PoolExhausted()
    if isinstance(error, DBAPIError):
        return _translate_code(dialect, error, error.orig, error.connection_invalidated)
    if isinstance(error, NETWORK_ERRORS):
        logger.warning("storage connection lost (%s)", type(error).__name__)
        return Disconnected()
    return _translate_code(dialect, error, error, False)


def classify(dialect: Dialect, cause: BaseException | None) -> ErrorClass | None:
    """What a driver's error means to us, if it is one that we know."""
    codes = dialect.error_codes(cause) if cause is not None else ()
    return next((dialect.error_classes[code] for code in codes if code in dialect.error_classes), None)


def _translate_code(dialect: Dialect, error: BaseException, cause: BaseException | None, lost: bool) -> BaseException:
    error_class, codes = classify(dialect, cause), dialect.error_codes(cause) if cause is not None else ()
    if error_class in (ErrorClass.UNIQUE, ErrorClass.REFERENCE):
        return IntegrityViolation(error_class)
    if error_class is ErrorClass.TRANSIENT:
        return TransientConflict()
    outcome = _OUTCOMES.get(ErrorClass.DISCONNECTED if lost else error_class)
    if outcome is None:
        return error
    level, message, make = outcome
    logger.log(level, "%s (codes %s)", message, codes)
    return make()


_OUTCOMES: Mapping[ErrorClass | None, tuple[int, str, Callable[[], Unavailable]]] = {
    ErrorClass.DISCONNECTED: (logging.WARNING, "storage connection lost", Disconnected),
    ErrorClass.NOT_WRITABLE: (logging.ERROR, "storage takes no writes", NotWritable),
    ErrorClass.UNAVAILABLE: (logging.ERROR, "storage unavailable", Unavailable),
    ErrorClass.DENIED: (logging.ERROR, "the account lacks a right, which `stockroom check` names", Denied),
}
"""For each class of errors that makes a request 503: level and message of the log, and the error."""


def translate_for_operator(dialect: Dialect, settings: Settings, error: BaseException) -> BaseException:
    """As ``translate``, for what is not run again: missing rights and the like are explained too."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    error_class, codes = classify(dialect, cause), dialect.error_codes(cause) if cause else ()
    if error_class is ErrorClass.DENIED or isinstance(error, Denied):
        return connect_error(dialect, settings, error.__cause__ or error)
    if codes and codes[0] in dialect.connect_errors and codes[0] not in dialect.error_classes:
        return connect_error(dialect, settings, error)
    translated = error if isinstance(error, StockroomError) else translate(dialect, error)
    if isinstance(translated, TransientConflict):
        return Unavailable("Other transactions keep the database locked.")
    return translated


def connect_error(dialect: Dialect, settings: Settings, error: BaseException) -> StockroomError:
    """What is wrong when a connection cannot be made or has no rights: one sentence, no credentials."""
    if isinstance(error, StockroomError):
        return error
    place = "" if dialect.capabilities.embedded else f" at {format_hosts(parse_url(settings.url))}"
    for cause in _causes(error):
        for code in dialect.error_codes(cause):
            if code in dialect.connect_errors:
                return ConfigurationError(f"DATABASE_URL: {dialect.title}{place}: {dialect.connect_errors[code]}.")
        if isinstance(cause, NETWORK_ERRORS):
            return ConfigurationError(f"DATABASE_URL: {_explain_network(cause, place)}")
    return ConfigurationError(
        f"DATABASE_URL: {dialect.title}{place} cannot be opened. Check the URL, its scheme included, and the server."
    )


def _explain_network(error: BaseException, place: str) -> str:
    """What is wrong with the way to a server, and the remedy."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate of the server{place} is not trusted: {error.verify_message.rstrip('.')}. Name the file "
            "of the authority that issued it; see docs/connecting.md."
        )
    if isinstance(error, ssl.SSLError) or type(error) is ConnectionError:  # asyncpg's, where TLS is refused
        return (
            f"the server{place} and this machine cannot agree on TLS: does the server offer it? See docs/connecting.md."
        )
    if isinstance(error, socket.gaierror):
        return f"no address is known for the host{place}. Is its name right?"
    if isinstance(error, ConnectionRefusedError):
        return f"no server listens{place}. Is the server running, and are host and port right?"
    return f"no server answers{place}. Is the server running, and are host and port right?"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        original = getattr(error, "orig", None)
        if original is not None:
            yield original
        error = error.__cause__ or error.__context__
