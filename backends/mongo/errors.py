"""Translates the driver's errors to core's, in one place, by codes and labels and never by message."""

import logging
from typing import TYPE_CHECKING

from backends.mongo.driver import (
    BulkWriteError,
    ConnectionFailure,
    OperationFailure,
    PyMongoError,
)
from core.errors import Conflict, StockroomError, TransientConflict, Unavailable

if TYPE_CHECKING:
    from backends.mongo.violations import PendingWrite

logger = logging.getLogger(__name__)

TRANSIENT = "TransientTransactionError"
UNKNOWN_COMMIT = "UnknownTransactionCommitResult"

DUPLICATE_KEY = 11000
AUTHENTICATION_FAILED = 18
UNAUTHORIZED = 13

_TRANSIENT_CODES = {
    24,  # LockTimeout
    112,  # WriteConflict
    225,  # TransactionTooOld
    246,  # SnapshotUnavailable
    251,  # NoSuchTransaction
}
_UNAVAILABLE_CODES = {
    UNAUTHORIZED,
    AUTHENTICATION_FAILED,
    50,  # MaxTimeMSExpired
    64,  # WriteConcernFailed
    91,  # ShutdownInProgress
    189,  # PrimarySteppedDown
    202,  # NetworkInterfaceExceededTimeLimit
    262,  # ExceededTimeLimit
    10107,  # NotWritablePrimary
    11600,  # InterruptedAtShutdown
    11602,  # InterruptedDueToReplStateChange
    13435,  # NotPrimaryNoSecondaryOk
    14031,  # OutOfDiskSpace
}


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
    """The connection of a unit of work was lost. It runs again on another; repeated losses mean Unavailable."""


def translate(error: PyMongoError, command: str = "command") -> StockroomError:
    """The error of core for an error of the driver; ``command`` is for the log."""
    if error.timeout:  # a unit of work could run again after it, but its time is used up
        logger.warning("%s: no answer in time: %s", command, type(error).__name__)
        return Unavailable()
    code = get_code(error)
    if error.has_error_label(TRANSIENT) or code in _TRANSIENT_CODES:
        return Disconnected() if isinstance(error, ConnectionFailure) else TransientConflict()
    if code == DUPLICATE_KEY:
        return ConstraintViolation()
    if isinstance(error, ConnectionFailure) or code in _UNAVAILABLE_CODES:
        logger.warning("%s: storage unavailable: %s, code %s", command, type(error).__name__, code)
        return Unavailable()
    logger.error("%s: storage failed: %s, code %s", command, type(error).__name__, code, exc_info=error)
    return StockroomError("The storage refused the operation.")


def get_code(error: PyMongoError) -> int | None:
    """The server's error code; of a bulk write, the code of its first failed write."""
    if isinstance(error, BulkWriteError):
        failed = (error.details or {}).get("writeErrors") or [{}]
        code: int | None = failed[0].get("code")
        return code
    return error.code if isinstance(error, OperationFailure) else None
