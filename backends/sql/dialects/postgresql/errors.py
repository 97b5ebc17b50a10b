"""PostgreSQL's error codes: SQLSTATE."""

from collections.abc import Mapping

from backends.sql.dialects.dialect import ErrorClass

ERROR_CLASSES: Mapping[int | str, ErrorClass] = {
    "23505": ErrorClass.UNIQUE,
    "23503": ErrorClass.REFERENCE,
    "23001": ErrorClass.REFERENCE,
    "40001": ErrorClass.TRANSIENT,
    "40P01": ErrorClass.TRANSIENT,
    "55P03": ErrorClass.TRANSIENT,  # lock_timeout
    "08000": ErrorClass.DISCONNECTED,
    "08003": ErrorClass.DISCONNECTED,
    "08006": ErrorClass.DISCONNECTED,
    "57P01": ErrorClass.DISCONNECTED,
    "57P02": ErrorClass.DISCONNECTED,
    "57014": ErrorClass.UNAVAILABLE,  # the statement was ended: statement_timeout, or an operator
    "57P03": ErrorClass.UNAVAILABLE,
    "53100": ErrorClass.UNAVAILABLE,
    "53200": ErrorClass.UNAVAILABLE,
    "53300": ErrorClass.UNAVAILABLE,
    "25006": ErrorClass.UNAVAILABLE,  # a read-only standby
}

CONNECT_ERRORS: Mapping[int | str, str] = {
    "28P01": "the user name or the password is wrong",
    "28000": "the server does not let this user in; see its pg_hba.conf",
    "3D000": "the database does not exist; create it first",
    "42501": "the user lacks the rights; grant it CREATE and USAGE on the schema",
    "53300": "the server has no connections left; lower POOL_SIZE or raise its max_connections",
}


def sqlstate(error: BaseException) -> str | None:
    """The code of a driver's error."""
    return getattr(error, "sqlstate", None)
