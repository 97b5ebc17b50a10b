"""Searching for a substring: by an index of trigrams, where the database has one, or along the order of the list.

The index is the sooner way to a term that few rows hold, the order to one that many hold. Which it is cannot be left to
a planner, who makes its plan before it knows the term. So a statement holds both ways, and finds out which to go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, String, Table, bindparam, case, func, literal_column, or_, select

MAX_SORTED_HITS = 2000
"""As many rows are fetched and sorted as soon as a page is filled, in order, with rows of a more frequent term."""

MIN_TERM_LENGTH = 3
"""Code points of the shortest term that has a trigram."""

SEARCHED: Any = bindparam("search", type_=String())
"""The term, as a pattern."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchIndexDdl:
    """What an index consists of, as statements and names with ``{table}`` for the searched table.

    Attributes:
        parts: the names of its table and triggers.
        create: the statements that create and fill it.
        drop: the statements that drop what there is of it.
    """

    parts: tuple[str, ...]
    create: tuple[str, ...]
    drop: tuple[str, ...]


def contains(key: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that a search key holds the term; see ``search_parameters``."""
    return key.contains(SEARCHED, escape="/")


def search_parameters(term: str) -> dict[str, str]:
    """The values of a term's parameters: as a pattern and, unless it is too short, its trigrams as a query of FTS5."""
    values = {"search": term.replace("/", "//").replace("%", "/%").replace("_", "/_")}
    if len(term) >= MIN_TERM_LENGTH:
        trigrams = dict.fromkeys(term[start : start + 3] for start in range(len(term) - 2))
        values["trigrams"] = " AND ".join('"{}"'.format(trigram.replace('"', '""')) for trigram in trigrams)
    return values


class TrigramIndex:
    """The trigrams of a table's search keys, beside the table and kept by triggers: see revision 0005.

    Attributes:
        is_exact: whether what it finds holds the term, and not just all of its trigrams.
    """

    is_exact = True

    def __init__(self, table: Table, hits: Select[Any], frequent: ColumnElement[bool]) -> None:
        """``hits`` are the ids that it finds; ``frequent`` is whether it should not be used, and is not."""
        self._table = table
        self._hits = hits
        self._frequent = frequent

    def parts(self, query: Select[Any], ordered: Sequence[Select[Any]], rows: Any) -> list[Select[Any]]:
        """Queries for the first ``rows`` rows of another that hold the term, and maybe others: those that the index
        finds, if they are few; or those found in order, where ``ordered`` are together the same query.
        """
        hits = materialized(self._hits.limit(literal_column(f"{MAX_SORTED_HITS + 1}")), "hits")  # for the planner
        many = select(func.count() > MAX_SORTED_HITS).select_from(hits).scalar_subquery()
        along = [self._conditional(one.where(self._holds), or_(self._frequent, many), rows) for one in ordered]
        return [self._conditional(self._found(query, hits), ~many, literal_column(f"{MAX_SORTED_HITS}")), *along]

    def counted(self, query: Select[Any]) -> Select[Any]:
        """A query that counts rows, for those of them that hold the term."""
        found = self._found(query, materialized(self._hits, "hits")).scalar_subquery()
        return select(case((self._frequent, query.where(self._holds).scalar_subquery()), else_=found))

    def _found(self, query: Select[Any], hits: CTE) -> Select[Any]:
        query = query.where(self._table.c.id.in_(select(hits.c.id)))
        return query if self.is_exact else query.where(self._holds)

    @property
    def _holds(self) -> ColumnElement[bool]:
        return contains(self._table.c.search_key)

    def _conditional(self, query: Select[Any], condition: ColumnElement[bool], rows: Any) -> Select[Any]:
        """At most ``rows`` rows of a query, and no work where the condition does not hold."""
        raise NotImplementedError


def is_search_table(name: str) -> bool:
    """Whether a table is one that an index consists of, by its name; FTS5 keeps several."""
    return "_search" in name


def materialized(query: Select[Any], name: str) -> CTE:
    """A query that the planner neither takes apart nor runs twice."""
    return query.cte(name).prefix_with("MATERIALIZED")
