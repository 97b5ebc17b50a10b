"""The driver's errors into core's, once, from codes and labels, never from words."""

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
    from backends.mongo.claims import Claim

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


class Clash(Conflict):
    """A unique value is taken or a reference leads nowhere; which one is asked once the unit of work is undone.

    The code names at most one of several, and which one depends on the order of the indexes. So the values that were
    to be written are looked up instead, and every storage gives the same answer.

    Attributes:
        claims: what was to be written.
    """

    def __init__(self, claims: "list[Claim] | None" = None) -> None:
        super().__init__("The change contradicts what is stored.")
        self.claims = claims or []


class Disconnected(TransientConflict):
    """The connection of a unit of work was lost. It may run again on another; if that goes on, nobody is in the way."""


def translate(error: PyMongoError, what: str = "command") -> StockroomError:
    """``error`` in core's terms; ``what`` was tried, for the log."""
    if error.timeout:  # a unit of work may be run again after it, but has had its time
        logger.warning("%s: no answer in time: %s", what, type(error).__name__)
        return Unavailable()
    code = code_of(error)
    if error.has_error_label(TRANSIENT) or code in _TRANSIENT_CODES:
        return Disconnected() if isinstance(error, ConnectionFailure) else TransientConflict()
    if code == DUPLICATE_KEY:
        return Clash()
    if isinstance(error, ConnectionFailure) or code in _UNAVAILABLE_CODES:
        logger.warning("%s: storage unavailable: %s, code %s", what, type(error).__name__, code)
        return Unavailable()
    logger.error("%s: storage failed: %s, code %s", what, type(error).__name__, code, exc_info=error)
    return StockroomError("The storage refused the operation.")


def code_of(error: PyMongoError) -> int | None:
    """The server's code; of a bulk write, that of the first write that failed."""
    if isinstance(error, BulkWriteError):
        failed = (error.details or {}).get("writeErrors") or [{}]
        code: int | None = failed[0].get("code")
        return code
    return error.code if isinstance(error, OperationFailure) else None
