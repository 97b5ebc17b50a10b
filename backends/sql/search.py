"""Searching for a substring: by an index of trigrams, where the database has one, or along the order of the list.

The index is the sooner way to a term that few rows hold, the order to one that many hold. Which it is cannot be left to
a planner, who makes its plan before it knows the term. So a statement holds both ways, and finds out which to go.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    String,
    Table,
    bindparam,
    case,
    column,
    false,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy import table as named

FEW = 2000
"""As many rows are fetched and sorted about as soon as a page is full of a more frequent term, in order."""

SHORTEST = 3
"""Code points of the shortest term that has a trigram."""

_TERM: Any = bindparam("search", type_=String())


def contains(key: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that a search key holds the term; see ``looked_for``."""
    return key.contains(_TERM, escape="/")


def looked_for(term: str) -> dict[str, str]:
    """The values that stand for a term: as a pattern and, unless it is too short, its trigrams as FTS5 is asked."""
    values = {"search": term.replace("/", "//").replace("%", "/%").replace("_", "/_")}
    if len(term) >= SHORTEST:
        trigrams = dict.fromkeys(term[start : start + 3] for start in range(len(term) - 2))
        values["trigrams"] = " AND ".join('"{}"'.format(trigram.replace('"', '""')) for trigram in trigrams)
    return values


class Index:
    """The trigrams of a table's search keys, beside the table and kept by triggers: see revision 0005.

    Attributes:
        exact: whether what it finds holds the term, and not just all of its trigrams.
    """

    exact = True

    def __init__(self, table: Table, hits: Select[Any], frequent: ColumnElement[bool]) -> None:
        """``hits`` are the ids that it finds; ``frequent`` is whether it should not be asked, and is not."""
        self._table = table
        self._hits = hits
        self._frequent = frequent

    def parts(self, query: Select[Any], ordered: Sequence[Select[Any]], rows: Any) -> list[Select[Any]]:
        """Queries for the first so many rows of another that hold the term, and maybe others: those that the index
        finds, if they are few; or those found in order, where ``ordered`` are together the same query.
        """
        hits = _as_it_stands(self._hits.limit(literal_column(f"{FEW + 1}")), "hits")  # the planner must know how many
        many = select(func.count() > FEW).select_from(hits).scalar_subquery()
        along = [self._gated(one.where(self._holds), or_(self._frequent, many), rows) for one in ordered]
        return [self._gated(self._found(query, hits), ~many, literal_column(f"{FEW}")), *along]

    def counted(self, query: Select[Any]) -> Select[Any]:
        """A query that counts rows, for those of them that hold the term."""
        found = self._found(query, _as_it_stands(self._hits, "hits")).scalar_subquery()
        return select(case((self._frequent, query.where(self._holds).scalar_subquery()), else_=found))

    def _found(self, query: Select[Any], hits: CTE) -> Select[Any]:
        query = query.where(self._table.c.id.in_(select(hits.c.id)))
        return query if self.exact else query.where(self._holds)

    @property
    def _holds(self) -> ColumnElement[bool]:
        return contains(self._table.c.search_key)

    def _gated(self, query: Select[Any], gate: ColumnElement[bool], rows: Any) -> Select[Any]:
        """At most so many rows of a query, and no work where the gate is closed."""
        raise NotImplementedError


class Fts5(Index):
    """SQLite's. It tells one row after the other, so that some of many rows are told as soon as some of few."""

    exact = False

    def __init__(self, table: Table) -> None:
        index = named(f"{table.name}_search", column("rowid", BigInteger()), column(f"{table.name}_search"))
        asked = index.c[f"{table.name}_search"].match(bindparam("trigrams"))
        super().__init__(table, select(index.c.rowid.label("id")).where(asked), false())

    def _gated(self, query: Select[Any], gate: ColumnElement[bool], rows: Any) -> Select[Any]:
        """SQLite looks at a condition again for each row."""
        return query.limit(case((gate, rows), else_=0))


class PgTrgm(Index):
    """PostgreSQL's. It goes through all rows that hold a term before it tells the first. So some rows are looked at
    before: from all of the table, because what came in together is alike.

    Nor should it be asked for a term without trigrams, for which it goes through itself: one that has no letters, or
    none that the database's LC_CTYPE knows.
    """

    _SAMPLE = 300
    _OFTEN = 3
    _ONE_LETTER = 2  # trigrams, with the space round it

    def __init__(self, table: Table) -> None:
        keys = named(f"{table.name}_search", column("id", BigInteger()), column("search_key", String()))
        last = select(func.max(keys.c.id)).scalar_subquery()
        series = func.generate_series(1, last, func.greatest(1, last // self._SAMPLE))
        places = series.table_valued("id").render_derived()
        key = select(keys.c.search_key).where(keys.c.id == places.c.id).scalar_subquery()
        sample = _as_it_stands(select(key.label("search_key")).select_from(places), "sample")
        often = select(func.count() >= self._OFTEN).select_from(sample).where(contains(sample.c.search_key))
        bare = func.cardinality(func.show_trgm(_TERM)) <= self._ONE_LETTER
        known = _as_it_stands(select(or_(bare, often.scalar_subquery()).label("frequent")), "known")
        frequent = select(known.c.frequent).scalar_subquery()
        super().__init__(table, select(keys.c.id).where(contains(keys.c.search_key), ~frequent), frequent)

    def _gated(self, query: Select[Any], gate: ColumnElement[bool], rows: Any) -> Select[Any]:
        """PostgreSQL starts workers before it looks at a condition, and plans for a known limit."""
        return select(query.limit(rows).subquery()).limit(case((gate, rows), else_=0))


_KINDS: Mapping[str, Callable[[Table], Index]] = {"sqlite": Fts5, "postgresql": PgTrgm}


def indexes(table: Table, values: Collection[str]) -> dict[str, Index]:
    """The indexes by which a table is searched, by the databases that have one, if these values say for what."""
    return {database: kind(table) for database, kind in _KINDS.items()} if "trigrams" in values else {}


def is_index(table: str) -> bool:
    """Whether a table is one that an index consists of, by its name; FTS5 keeps several."""
    return "_search" in table


def _as_it_stands(query: Select[Any], name: str) -> CTE:
    """A query that the planner neither takes apart nor runs twice."""
    return query.cte(name).prefix_with("MATERIALIZED")
