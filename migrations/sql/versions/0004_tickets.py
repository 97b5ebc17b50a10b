"""Tickets: sessions, stored answers and counts, kept for a while under a key."""

from alembic import op
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, MetaData, Table

from backends.sql.types import Moment, identifier, long_text, text
from migrations.sql import initial
from migrations.sql.steps import create_table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

tickets = Table(
    "tickets",
    MetaData(naming_convention=initial.metadata.naming_convention),
    Column("key", text(64), primary_key=True),
    Column("kind", text(20), nullable=False),
    Column("user_id", identifier(), ForeignKey(initial.users.c.id, ondelete="CASCADE")),
    Column("value", long_text(), nullable=False),
    Column("expires_at", Moment(), nullable=False),
    CheckConstraint("kind IN ('session', 'answer', 'count')", name="kind"),
    Index(None, "user_id"),
    Index(None, "expires_at"),
    **initial.LINK,
)


def upgrade() -> None:
    """Create the table."""
    create_table(tickets)


def downgrade() -> None:
    """Drop it: who was logged in must log in again."""
    op.drop_table(tickets.name, if_exists=True)
