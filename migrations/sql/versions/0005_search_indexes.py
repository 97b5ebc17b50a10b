"""Indexes of trigrams for searches, kept by triggers in a table beside each that is searched.

On SQLite that table is the index. On PostgreSQL it holds the keys once more, for an index of the searched table itself
would take in a row again with each of its versions, and an order makes one of each product. MySQL and MariaDB get none.
"""

from alembic import op
from sqlalchemy.exc import DBAPIError

from core.errors import ConfigurationError

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SEARCHED = ("users", "posts", "products")

# Without positions: a search looks at the rows themselves whether their trigrams follow each other.
_SQLITE = (
    """CREATE VIRTUAL TABLE {table}_search USING fts5(
        search_key, content='{table}', content_rowid='id',
        detail=none, columnsize=0, tokenize='trigram case_sensitive 1'
    )""",
    "INSERT INTO {table}_search({table}_search, rank) VALUES ('automerge', 8)",  # fewer merges, searches as fast
    "INSERT INTO {table}_search({table}_search) VALUES ('rebuild')",
    "CREATE TRIGGER {table}_search_insert AFTER INSERT ON {table} BEGIN {add} END",
    "CREATE TRIGGER {table}_search_delete AFTER DELETE ON {table} BEGIN {remove} END",
    """CREATE TRIGGER {table}_search_update AFTER UPDATE OF id, search_key ON {table}
    WHEN old.id <> new.id OR old.search_key <> new.search_key BEGIN {remove} {add} END""",
)
_ADD = "INSERT INTO {table}_search(rowid, search_key) VALUES (new.id, new.search_key);"
_REMOVE = "INSERT INTO {table}_search({table}_search, rowid, search_key) VALUES ('delete', old.id, old.search_key);"

_EXTENSION = "CREATE EXTENSION IF NOT EXISTS pg_trgm"
_POSTGRESQL = (
    """CREATE TABLE {table}_search (
        id BIGINT CONSTRAINT pk_{table}_search PRIMARY KEY
            CONSTRAINT fk_{table}_search_id REFERENCES {table} ON UPDATE CASCADE ON DELETE CASCADE,
        search_key TEXT COLLATE "C" NOT NULL
    )""",
    "INSERT INTO {table}_search SELECT id, search_key FROM {table}",
    # What is new is listed first, and taken in by whoever makes the list too long; each search goes through the list.
    """CREATE INDEX ix_{table}_search_search_key ON {table}_search USING gin (search_key gin_trgm_ops)
    WITH (gin_pending_list_limit = 2048)""",
    "ANALYZE {table}_search",
    """CREATE FUNCTION {table}_search_insert() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO {table}_search SELECT id, search_key FROM added; RETURN NULL; END $$""",
    """CREATE TRIGGER {table}_search_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_search_insert()""",
    """CREATE FUNCTION {table}_search_update() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN UPDATE {table}_search SET search_key = new.search_key WHERE id = new.id; RETURN NULL; END $$""",
    """CREATE TRIGGER {table}_search_update AFTER UPDATE OF search_key ON {table} FOR EACH ROW
    WHEN (old.search_key <> new.search_key) EXECUTE FUNCTION {table}_search_update()""",
)

_STEPS = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}
_UNDONE = {
    "sqlite": (
        "DROP TRIGGER {table}_search_update",
        "DROP TRIGGER {table}_search_delete",
        "DROP TRIGGER {table}_search_insert",
        "DROP TABLE {table}_search",
    ),
    "postgresql": (
        "DROP FUNCTION {table}_search_update() CASCADE",
        "DROP FUNCTION {table}_search_insert() CASCADE",
        "DROP TABLE {table}_search",
    ),
}


def upgrade() -> None:
    """Build the indexes over the rows that there are, and keep them from now on."""
    dialect = op.get_context().dialect.name
    if dialect == "postgresql":
        require_extension()
    for table in SEARCHED:
        add, remove = _ADD.format(table=table), _REMOVE.format(table=table)
        for step in _STEPS.get(dialect, ()):
            op.execute(step.format(table=table, add=add, remove=remove))


def downgrade() -> None:
    """Drop them, but not the extension: others may use it."""
    for table in SEARCHED:
        for step in _UNDONE.get(op.get_context().dialect.name, ()):
            op.execute(step.format(table=table))


def require_extension() -> None:
    """Create it, unless an administrator did.

    Raises:
        ConfigurationError: the server does not have it, or the user may not create it.
    """
    if op.get_context().as_sql:
        op.execute(_EXTENSION)
        return
    try:
        with op.get_bind().begin_nested():
            op.execute(_EXTENSION)
    except DBAPIError as error:
        raise ConfigurationError(
            "DATABASE_URL: searches need PostgreSQL's extension pg_trgm, which this user cannot create. Install the "
            "server's contrib package if it is not there, and let an administrator run in this database: "
            "CREATE EXTENSION pg_trgm"
        ) from error
