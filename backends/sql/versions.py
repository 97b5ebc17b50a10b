"""What a change writes besides what it changes, where it is worked out in the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Table, case, literal


def next_version(table: Table, at: datetime | BindParameter[datetime]) -> dict[str, Any]:
    """The values of a row changed ``at`` that time; a clock that went back does not make the change older than the one
    before it.
    """
    now = at if isinstance(at, BindParameter) else literal(at, table.c.updated_at.type)
    later = case((table.c.updated_at > now, table.c.updated_at), else_=now)
    return {"updated_at": later, "version": table.c.version + 1}
