"""The entry point's plugin: one backend per dialect."""

from collections.abc import Sequence

from backends.sql.backend import SqlBackend
from backends.sql.dialects import DIALECTS
from core.plugins import hookimpl
from core.storage import Backend


@hookimpl
def stockroom_backends() -> Sequence[Backend]:
    """The backends of all SQL databases."""
    return [SqlBackend(dialect) for dialect in DIALECTS.values()]
