"""What the entry point names: the SQL databases we know."""

from collections.abc import Sequence

from backends.sql.backend import SqlBackend
from backends.sql.dialects import MARIADB, MYSQL, POSTGRESQL, SQLITE
from core.plugins import hookimpl
from core.storage import Backend


@hookimpl
def stockroom_backends() -> Sequence[Backend]:
    """One backend per database."""
    return [SqlBackend(dialect) for dialect in (SQLITE, POSTGRESQL, MYSQL, MARIADB)]
