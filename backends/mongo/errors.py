"""Translates the driver's errors to core's, in one place, by the server's categories and labels, never by message."""

import logging
from typing import TYPE_CHECKING, Any

from backends.mongo import error_codes as codes
from backends.mongo.driver import BulkWriteError, ConnectionFailure, OperationFailure, PyMongoError, WriteConcernError
from core.errors import Conflict, StockroomError, TransientConflict, Unavailable

if TYPE_CHECKING:
    from backends.mongo.violations import PendingWrite

logger = logging.getLogger(__name__)

TRANSIENT = "TransientTransactionError"
UNKNOWN_COMMIT = "UnknownTransactionCommitResult"
OVERLOADED = "SystemOverloadedError"

_REFUSED = codes.ACCESS | codes.WRITES_REFUSED | codes.OUT_OF_RESOURCES
_OVERDUE = codes.EXCEEDED_TIME_LIMIT | codes.WRITE_CONCERN | codes.SYSTEM_OVERLOADED | codes.UNREACHABLE
_UNAVAILABLE = _REFUSED | _OVERDUE
_LOST = (codes.NETWORK | codes.NOT_PRIMARY | codes.SHUTDOWN | codes.CLOSE_CONNECTION) - _UNAVAILABLE
_CONFLICTS = (
    codes.INTERRUPTION
    | codes.SNAPSHOT
    | codes.TWO_PHASE_DECISION_ACK
    | codes.STALE_SHARD_VERSION
    | codes.CURSOR_INVALIDATED
    | codes.CANCELLATION
    | codes.RETRIABLE
    | codes.BUSY
) - (_UNAVAILABLE | _LOST)


class ConstraintViolation(Conflict):
    """A unique value is taken or a reference is unknown; which one is looked up after the unit of work is undone.

    The server's error names at most one of several violations, and which one depends on the order of the indexes. The
    look-up finds all of them, and gives the same answer on every storage.

    Attributes:
        writes: of the writes in question.
    """

    def __init__(self, writes: "list[PendingWrite] | None" = None) -> None:
        super().__init__("The change contradicts what is stored.")
        self.writes = writes or []


class Disconnected(TransientConflict):
    """The connection of a unit of work was lost, or the server is no primary any more.

    The unit of work runs again, on another connection; repeated losses mean Unavailable.
    """


def translate(error: PyMongoError, command: str = "command") -> StockroomError:
    """The error of core for an error in a unit of work; ``command`` is for the log."""
    if error.timeout:  # a unit of work could run again after it, but its time is used up
        logger.warning("%s: no answer in time: %s", command, type(error).__name__)
        return Unavailable()
    code = get_code(error)
    if code == codes.DUPLICATE_KEY:
        return ConstraintViolation()
    if code in _LOST or (isinstance(error, ConnectionFailure) and error.has_error_label(TRANSIENT)):
        return Disconnected()
    if code in _CONFLICTS or error.has_error_label(TRANSIENT):
        return TransientConflict()
    if isinstance(error, ConnectionFailure) or error.has_error_label(OVERLOADED) or code in _UNAVAILABLE:
        logger.warning("%s: storage unavailable: %s, code %s", command, type(error).__name__, code)
        return Unavailable()
    logger.error("%s: storage failed: %s, code %s", command, type(error).__name__, code, exc_info=error)
    return StockroomError("The storage refused the operation.")


def translate_outside_units(error: PyMongoError, command: str = "command") -> StockroomError:
    """The error of core for an error of a command that no unit of work repeats: Unavailable instead of a conflict."""
    translated = translate(error, command)
    return Unavailable() if isinstance(translated, TransientConflict) else translated


def is_outcome_unknown(error: PyMongoError) -> bool:
    """Whether the server may have kept a transaction although the commit ended in this error.

    The server labels the errors after which it certainly has not. Sending the commit again is always safe.
    """
    if error.has_error_label(TRANSIENT):
        return False
    has_label = error.has_error_label(UNKNOWN_COMMIT)
    return has_label or isinstance(error, WriteConcernError) or get_code(error) in _LOST | _CONFLICTS | _OVERDUE


def get_code(error: PyMongoError) -> int | None:
    """The server's error code; of a bulk write, the code of its first failed write, or of its write concern."""
    details: Any = getattr(error, "details", None)
    if isinstance(error, BulkWriteError):
        failed = [*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())] or [{}]
        code: int | None = failed[0].get("code")
        return code
    if isinstance(error, OperationFailure):
        return error.code
    return details.get("code") if isinstance(details, dict) else None
