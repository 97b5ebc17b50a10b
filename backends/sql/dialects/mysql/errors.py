"""MySQL's and MariaDB's error numbers."""

from collections.abc import Mapping

from backends.sql.dialects.dialect import ErrorClass

ERROR_CLASSES: Mapping[int | str, ErrorClass] = {
    1062: ErrorClass.UNIQUE,
    1586: ErrorClass.UNIQUE,
    1216: ErrorClass.REFERENCE,
    1217: ErrorClass.REFERENCE,
    1451: ErrorClass.REFERENCE,
    1452: ErrorClass.REFERENCE,
    1205: ErrorClass.TRANSIENT,
    1213: ErrorClass.TRANSIENT,
    1615: ErrorClass.TRANSIENT,  # a prepared statement was overtaken by a change of its table
    1020: ErrorClass.TRANSIENT,  # MariaDB: the record has changed since the snapshot
    1053: ErrorClass.DISCONNECTED,
    1927: ErrorClass.DISCONNECTED,
    2006: ErrorClass.DISCONNECTED,
    2013: ErrorClass.DISCONNECTED,
    2055: ErrorClass.DISCONNECTED,
    4031: ErrorClass.DISCONNECTED,
    1040: ErrorClass.UNAVAILABLE,
    1047: ErrorClass.UNAVAILABLE,  # Galera: the node is not part of the cluster
    1114: ErrorClass.UNAVAILABLE,
    1290: ErrorClass.UNAVAILABLE,
    1461: ErrorClass.UNAVAILABLE,  # max_prepared_stmt_count
    1317: ErrorClass.UNAVAILABLE,  # the statement was ended by an operator
    1836: ErrorClass.UNAVAILABLE,
    1969: ErrorClass.UNAVAILABLE,  # MariaDB: max_statement_time
    2003: ErrorClass.UNAVAILABLE,
    3024: ErrorClass.UNAVAILABLE,  # max_execution_time
}

CONNECT_ERRORS: Mapping[int | str, str] = {
    1045: "the user name or the password is wrong",
    1698: "the user name or the password is wrong",  # MariaDB, of some users that it does not know
    1130: "the server does not let this user in from here; create it for this host",
    3118: "the user's account is locked",
    1049: "the database does not exist; create it first",
    1044: "the user has no rights on the database; grant it ALL on it",
    1142: "the user lacks the rights; grant it ALL on the database",
    1227: "the user lacks the rights; grant it ALL on the database",
    1040: "the server has no connections left; lower POOL_SIZE or raise its max_connections",
    2003: "no server answers at that host and port",
}


def error_number(error: BaseException) -> int | None:
    """The code of a driver's error."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else None
