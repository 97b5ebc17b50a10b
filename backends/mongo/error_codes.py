"""The server's error codes by its own categories, from ``src/mongo/base/error_codes.yml`` of its source.

Codes that it means for its own use are included: a router passes some of them on. A code may have several categories.
Behind the categories are the codes that the server puts in none, although they say that it cannot serve a command now.
"""

NETWORK = {6, 7, 89, 317, 384, 9001}
INTERRUPTION = {24, 50, 237, 262, 279, 281, 282, 290, 355, 453, 11600, 11601, 11602, 46841, 91331, 10045600}
NOT_PRIMARY = {189, 10058, 10107, 11602, 13435, 13436}  # 10058 is that of servers before 3.4
STALE_SHARD_VERSION = {150, 13388}
WRITE_CONCERN = {64, 75, 79, 100}
SHUTDOWN = {91, 333, 11600}
CANCELLATION = {90, 91, 310, 312, 333, 355, 11600, 46841}
EXCEEDED_TIME_LIMIT = {50, 202, 262, 290, 407}
SNAPSHOT = {239, 246, 250, 272}
TWO_PHASE_DECISION_ACK = {225, 251, 356}
"""The server does not know the transaction any more."""

CURSOR_INVALIDATED = {43, 96, 175, 237, 314}
CLOSE_CONNECTION = {303, 354, 372, 398}
SYSTEM_OVERLOADED = {433, 449, 450, 462}
RETRIABLE = {
    *(6, 7, 89, 91, 134, 189, 262, 317, 358, 384, 402, 406, 407, 412, 453, 462),
    *(9001, 10107, 11600, 11602, 13435, 13436, 50915, 91331, 10045600),
}

BUSY = {
    46,  # LockBusy
    107,  # LockFailed
    112,  # WriteConflict
    117,  # ConflictingOperationInProgress
    143,  # CursorInUse
    206,  # NoSuchSession
    215,  # DatabaseDropPending
    216,  # ElectionInProgress
    249,  # StaleDbVersion
    267,  # PreparedTransactionInProgress
    363,  # RetryableTransactionInProgress
    365,  # TemporarilyUnavailable
    12586,  # BackgroundOperationInProgressForDatabase
    12587,  # BackgroundOperationInProgressForNamespace
    40671,  # an error such as StaleConfig that was sent without the details that belong to it
}
UNREACHABLE = {
    70,  # ShardNotFound
    83,  # RemoteResultsUnavailable
    94,  # NotYetInitialized
    133,  # FailedToSatisfyReadPreference
    141,  # SSLHandshakeFailed
    145,  # PooledConnectionsDropped
    149,  # NoConfigPrimary
    172,  # TransportSessionClosed
    173,  # TransportSessionNotFound
    174,  # TransportSessionUnknown
    199,  # ReplicaSetMonitorRemoved
    203,  # ShardingStateNotInitialized
    230,  # DNSHostNotFound
    231,  # DNSProtocolError
    56846,  # ConfigServerUnreachable
}
WRITES_REFUSED = {
    371,  # UserWritesBlocked
    14031,  # OutOfDiskSpace
}
OUT_OF_RESOURCES = {
    208,  # TooManyLocks
    261,  # TooManyLogicalSessions
    264,  # TooManyFilesOpen
    388,  # TransactionTooLargeForCache
}

AUTHENTICATION_FAILED = 18
UNAUTHORIZED = 13
DUPLICATE_KEY = 11000
ACCESS = {
    11,  # UserNotFound
    UNAUTHORIZED,
    AUTHENTICATION_FAILED,
    391,  # ReauthenticationRequired
}
