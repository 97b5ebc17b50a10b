"""Private names of other libraries that this backend uses, each with the reason.

An upgrade may break these, and only these.
"""

PRIVATE_NAMES: dict[str, str] = {
    "aiosqlite.core.Connection._thread": (
        "made a daemon, so that a connection that hangs does not keep the process from ending; and joined where a file "
        "cannot be opened, for it would talk to a loop that is closed"
    ),
    "asyncmy.connection.Connection._stmt_cache_size": (
        "made negative for a unit of work: asyncmy hides the error of a PREPARE, and with it the end of a transaction"
    ),
    "sqlalchemy.types.TypeEngine._variant_mapping": (
        "tells a type that differs by database from a plain one, so that Alembic writes the call that makes it"
    ),
}
