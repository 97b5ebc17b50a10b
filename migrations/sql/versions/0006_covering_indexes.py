"""Indexes that hold what the statistics are made of, so that these leave the tables alone.

Three that were there get further columns behind those that they are searched and sorted by. None is new, so that a
write costs what it did.
"""

from collections.abc import Sequence

from migrations.sql.steps import create_index, drop_index

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

Indexes = Sequence[tuple[str, Sequence[str]]]

NARROW: Indexes = (
    ("products", ("category_id", "created_at", "id")),
    ("orders", ("user_id", "created_at", "id")),
    ("orders", ("status", "created_at", "id")),
)
WIDE: Indexes = (
    ("products", ("category_id", "created_at", "id", "is_active", "price")),
    ("orders", ("user_id", "created_at", "id", "status", "total_amount")),
    ("orders", ("status", "created_at", "id", "total_amount")),
)


def upgrade() -> None:
    """Build the wide ones first: MySQL wants an index for each reference at any time."""
    replace(NARROW, WIDE)


def downgrade() -> None:
    """The other way round."""
    replace(WIDE, NARROW)


def replace(old: Indexes, new: Indexes) -> None:
    """One set of indexes by another."""
    for index in new:
        create_index(*index)
    for index in old:
        drop_index(*index)
