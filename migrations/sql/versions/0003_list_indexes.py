"""Indexes for lists that had none: posts by the time they were published, active users newest first.

A list by ``published_at`` goes over values and nulls, which no index has as one range; it gets a key without nulls.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from backends.sql.types import Moment
from migrations.sql.steps import add_column, create_index, drop_column, drop_index

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
WITH_NULLS = ("posts", ("published_at", "id"))
WITHOUT_NULLS = ("posts", ("published_key", "id"))
ACTIVE_NEWEST = ("users", ("is_active", "created_at", "id"))


def upgrade() -> None:
    """Add the key, fill it, and build the indexes."""
    add_column(
        "posts", sa.Column("published_key", Moment(), nullable=False, server_default=sa.literal(NEVER, Moment()))
    )
    posts = sa.table("posts", sa.column("published_at"), sa.column("published_key"))
    op.execute(posts.update().where(posts.c.published_at.is_not(None)).values(published_key=posts.c.published_at))
    create_index(*WITHOUT_NULLS)
    drop_index(*WITH_NULLS)
    create_index(*ACTIVE_NEWEST)


def downgrade() -> None:
    """Drop them: the key holds nothing that is not elsewhere."""
    drop_index(*ACTIVE_NEWEST)
    create_index(*WITH_NULLS)
    drop_index(*WITHOUT_NULLS)
    drop_column("posts", "published_key")
