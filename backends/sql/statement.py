"""Statements that are compiled once for a storage and sent as they are, so that the hot path compiles nothing."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect, Executable
from sqlalchemy.types import TypeEngine

Convert = Callable[[Any], Any] | None

_RETURNED = "returning_column_descriptions"


class Statement:
    """A statement whose words never change: every value is a named parameter, or was known when it was built.

    Equal to nothing but itself, so that it can be looked up in no time. Build it once.
    """

    def __init__(self, element: Executable, keys: Sequence[str] = ()) -> None:
        """``keys`` are the columns of an INSERT."""
        self._element = element
        self._keys = list(keys) or None
        self._variants: dict[str, Executable] = {}

    def with_variant(self, element: Executable, *dialects: str) -> "Statement":
        """Itself, which for these dialects says the same in other words."""
        self._variants |= dict.fromkeys(dialects, element)
        return self

    def compiled(self, dialect: Dialect) -> "Compiled":
        """In the words of a database, and of its driver's style of parameters."""
        element: Any = self._variants.get(dialect.name, self._element)
        compiled: Any = element.compile(dialect=dialect, column_keys=self._keys)
        names = tuple(compiled.positiontup or ())
        binds = compiled.binds
        known = {name: binds[name].effective_value for name in names if not binds[name].required}
        binders = [_processor(binds[name].type, dialect, "bind_processor") for name in names]
        described = element.column_descriptions if element.is_select else getattr(element, _RETURNED, ())
        readers = [_processor(column["type"], dialect, "result_processor", None) for column in described]
        return Compiled(str(compiled), names, known, binders, readers)


def _processor(kind: TypeEngine[Any], dialect: Dialect, name: str, *more: Any) -> Convert:
    return getattr(kind.dialect_impl(dialect), name)(dialect, *more)  # type: ignore[no-any-return]


class Compiled:
    """What is sent.

    Attributes:
        sql: the words.
        names: of the parameters, in their order.
    """

    def __init__(
        self,
        sql: str,
        names: Sequence[str],
        known: Mapping[str, Any],
        binders: Sequence[Convert],
        readers: Sequence[Convert],
    ) -> None:
        self.sql = sql
        self.names = names
        self._parameters = tuple(zip(names, binders, strict=True))
        self._known = known
        self._readers = tuple((place, reader) for place, reader in enumerate(readers) if reader is not None)

    def arguments(self, params: Mapping[str, Any] | None) -> list[Any]:
        """The values in the order of the parameters, in the driver's types."""
        values = {**self._known, **(params or {})} if self._known else params or {}
        return [values[name] if bind is None else bind(values[name]) for name, bind in self._parameters]

    def read(self, found: Sequence[Any]) -> Sequence[Any]:
        """The driver's rows with our types."""
        if not self._readers:
            return found
        rows = [list(row) for row in found]
        for place, reader in self._readers:
            for row in rows:
                row[place] = reader(row[place])
        return rows
