"""Initial schema."""

from alembic import op

from migrations.sql.initial import metadata
from migrations.sql.steps import create_table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table, those first that others refer to."""
    for table in metadata.sorted_tables:
        create_table(table)


def downgrade() -> None:
    """Drop them."""
    for table in reversed(metadata.sorted_tables):
        op.drop_table(table.name, if_exists=True)
