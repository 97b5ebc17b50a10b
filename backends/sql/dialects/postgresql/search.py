"""PostgreSQL's index of trigrams: pg_trgm."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, String, Table, case, column, func, or_, select
from sqlalchemy import table as named
from typing_extensions import override

from backends.sql.search import SEARCHED, SearchIndexDdl, TrigramIndex, contains, materialized

_SAMPLE = 300
_OFTEN = 3
_ONE_LETTER = 2  # trigrams, with the space round it


PG_TRGM_DDL = SearchIndexDdl(
    parts=("{table}_search", "{table}_search_insert", "{table}_search_update"),
    create=(
        """CREATE TABLE {table}_search (
        id BIGINT CONSTRAINT pk_{table}_search PRIMARY KEY
            CONSTRAINT fk_{table}_search_id REFERENCES {table} ON UPDATE CASCADE ON DELETE CASCADE,
        search_key TEXT COLLATE "C" NOT NULL
    )""",
        "INSERT INTO {table}_search SELECT id, search_key FROM {table}",
        # New keys are listed first; each search reads the list, so it is kept short.
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
    ),
    drop=(
        "DROP FUNCTION IF EXISTS {table}_search_update() CASCADE",
        "DROP FUNCTION IF EXISTS {table}_search_insert() CASCADE",
        "DROP TABLE IF EXISTS {table}_search",
    ),
)
"""As revision 0005 has it, which also creates the extension."""


class PgTrgmIndex(TrigramIndex):
    """Goes through all rows that hold a term before it returns the first. So a sample of rows is read before: from all
    of the table, because rows that were stored together are alike.

    Nor should it be used for a term without trigrams, for which it goes through itself: one that has no letters, or
    none that the database's LC_CTYPE knows.
    """

    def __init__(self, table: Table) -> None:
        keys = named(f"{table.name}_search", column("id", BigInteger()), column("search_key", String()))
        last = select(func.max(keys.c.id)).scalar_subquery()
        series = func.generate_series(1, last, func.greatest(1, last // _SAMPLE))
        places = series.table_valued("id").render_derived()
        key = select(keys.c.search_key).where(keys.c.id == places.c.id).scalar_subquery()
        sample = materialized(select(key.label("search_key")).select_from(places), "sample")
        often = select(func.count() >= _OFTEN).select_from(sample).where(contains(sample.c.search_key))
        bare = func.cardinality(func.show_trgm(SEARCHED)) <= _ONE_LETTER
        known = materialized(select(or_(bare, often.scalar_subquery()).label("frequent")), "known")
        frequent = select(known.c.frequent).scalar_subquery()
        super().__init__(table, select(keys.c.id).where(contains(keys.c.search_key), ~frequent), frequent)

    @override
    def _conditional(self, query: Select[Any], condition: ColumnElement[bool], rows: Any) -> Select[Any]:
        """PostgreSQL starts workers before it evaluates a condition, and plans for a known limit."""
        return select(query.limit(rows).subquery()).limit(case((condition, rows), else_=0))
