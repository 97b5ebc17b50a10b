"""Refunds, payments from accounts, and accounts that can be closed.

Transfers and payments go on naming an account that is closed, so they have no foreign key to it. The lists of accounts
and payments get their indexes, and so do the products of a category by price.
"""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from alembic import op

from backends.sql.types import primary_key_type
from core.errors import ConfigurationError
from migrations.sql import initial
from migrations.sql.steps import add_column, create_index, drop_column, drop_index

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

Indexes = Sequence[tuple[str, Sequence[str]]]

NEW: Indexes = (
    ("accounts", ("created_at", "id")),
    ("accounts", ("user_id", "created_at", "id")),
    ("payments", ("created_at", "id")),
    ("payments", ("order_id", "created_at", "id")),
    ("payments", ("status", "created_at", "id")),
    ("products", ("category_id", "price", "id", "is_active")),
)
OF_ACCOUNT = ("payments", ("account_id", "created_at", "id"))
OLD: Indexes = (("accounts", ("user_id",)), ("payments", ("order_id",)))
ENDS = ("from_account_id", "to_account_id")


def upgrade() -> None:
    """Build new indexes before old ones are dropped: MySQL wants one for each foreign key at any time."""
    add_column("payments", sa.Column("refunded_amount", sa.BigInteger(), nullable=False, server_default="0"))
    add_column("payments", sa.Column("account_id", primary_key_type(), nullable=True))
    replace_indexes(OLD, (*NEW, OF_ACCOUNT))
    if op.get_context().dialect.name == "sqlite":
        rebuild_transfers(_without_keys(), initial.transfers)
        return
    for name in _present(map(_key_name, ENDS)):
        op.drop_constraint(name, "transfers", type_="foreignkey")


def downgrade() -> None:
    """Drop what refunds added; refused where that would lose data.

    Raises:
        ConfigurationError: a transfer names an account that is closed, or there are refunds or payments from accounts.
    """
    require_open_accounts()
    require_no_refunds()
    if op.get_context().dialect.name == "sqlite":
        rebuild_transfers(initial.transfers, _without_keys())
    else:
        missing = set(map(_key_name, ENDS)) - set(_present(map(_key_name, ENDS), otherwise=False))
        for end in (end for end in ENDS if _key_name(end) in missing):
            op.create_foreign_key(_key_name(end), "transfers", "accounts", [end], ["id"], ondelete="RESTRICT")
    replace_indexes((*NEW, OF_ACCOUNT), OLD)
    payments = sa.table("payments", sa.column("status", sa.String()))
    op.execute(payments.update().where(payments.c.status != "completed").values(status="completed"))
    drop_column("payments", "account_id")
    drop_column("payments", "refunded_amount")


def replace_indexes(old: Indexes, new: Indexes) -> None:
    """One set of indexes by another."""
    for index in new:
        create_index(*index)
    for index in old:
        drop_index(*index)


def require_open_accounts() -> None:
    """Refuse where the keys that are to come back would not hold."""
    if op.get_context().as_sql:
        return
    transfers, accounts = sa.table("transfers", *map(sa.column, ENDS)), sa.table("accounts", sa.column("id"))
    known = sa.select(accounts.c.id)
    orphans = sa.or_(*(transfers.c[end].not_in(known) for end in ENDS))
    if op.get_bind().scalar(sa.select(sa.func.count()).select_from(transfers).where(orphans)):
        raise ConfigurationError(
            "Revision 0006 cannot keep transfers of accounts that are closed. Delete these transfers, or stay at 0007."
        )


def require_no_refunds() -> None:
    """Refuse where a payment would forget what was given back, or where it came from."""
    if op.get_context().as_sql:
        return
    payments = sa.table("payments", sa.column("refunded_amount"), sa.column("account_id"))
    lost = sa.or_(payments.c.refunded_amount > 0, payments.c.account_id.is_not(None))
    if op.get_bind().scalar(sa.select(sa.func.count()).select_from(payments).where(lost)):
        raise ConfigurationError("Revision 0006 cannot keep refunds and payments from accounts. Stay at 0007.")


def rebuild_transfers(wanted: sa.Table, before: sa.Table) -> None:
    """SQLite changes foreign keys by building the table anew, with the highest id ever used."""
    sequence = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
    highest = sa.select(sa.literal("_alembic_tmp_transfers"), sequence.c.seq).where(sequence.c.name == "transfers")
    op.execute(sequence.insert().from_select(["name", "seq"], highest))
    with op.batch_alter_table("transfers", copy_from=before, recreate="always") as batch:
        for end in ENDS:
            if wanted is initial.transfers:
                batch.create_foreign_key(_key_name(end), "accounts", [end], ["id"], ondelete="RESTRICT")
            else:
                batch.drop_constraint(_key_name(end), type_="foreignkey")


def _without_keys() -> sa.Table:
    """The table of transfers after this revision."""
    table = initial.transfers
    columns = [sa.Column(one.name, one.type, primary_key=one.primary_key, nullable=one.nullable) for one in table.c]
    indexes = [sa.Index(None, *(column.name for column in index.columns)) for index in table.indexes]
    check = sa.CheckConstraint("amount BETWEEN 1 AND 9999999999", name="amount")
    metadata = sa.MetaData(naming_convention=initial.metadata.naming_convention)
    return sa.Table("transfers", metadata, *columns, check, *indexes, **initial.RECORD)


def _key_name(end: str) -> str:
    return f"fk_transfers_{end}"


def _present(names: Iterable[str], *, otherwise: bool = True) -> list[str]:
    """Those of the foreign keys that are there, where an interrupted revision may have changed some already."""
    wanted = list(names)
    if op.get_context().as_sql:
        return wanted if otherwise else []
    found = {key["name"] for key in sa.inspect(op.get_bind()).get_foreign_keys("transfers")}
    return [name for name in wanted if name in found]
