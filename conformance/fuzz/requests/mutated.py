"""Valid requests with one part replaced."""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from conformance.fuzz.requests import pools
from conformance.fuzz.requests.known import KnownNames
from conformance.fuzz.requests.reads import reads
from conformance.fuzz.requests.writes import writes
from conformance.fuzz.steps import NOTHING, Step

Position = tuple[str | int, ...]

_QUERIES = [
    "colour=red",
    "page=0",
    "page=x",
    "page_size=101",
    "page_size=+1",
    "sort=colour",
    "cursor=zz",
    "is_active=1",
]
_IDS = ["0", "-1", "x", "1.0", "9007199254740992", "01", "99999999999999999999"]
_BODIES = ["{", "[1,]", '{"a": 1} x', ""]


def mutated(known: KnownNames) -> st.SearchStrategy[Step]:
    """A request with one part replaced, most often in the body of a write."""
    bodies = writes(known).filter(lambda step: step.body is not NOTHING).flatmap(_body)
    paths = (writes(known) | reads(known)).filter(lambda step: _first_reference(step) is not None).flatmap(_path)
    return st.one_of(bodies, bodies, bodies, reads(known).flatmap(_query), paths)


def _body(step: Step) -> st.SearchStrategy[Step]:
    def with_body(body: Any) -> Step:
        return Step(step.method, step.path, body)

    positions = st.sampled_from(list(_positions(step.body)))
    replaced = st.tuples(positions, st.sampled_from(pools.INVALID_VALUES)).map(
        lambda found: _replace_at(step.body, *found)
    )
    removed = positions.filter(bool).map(lambda position: _remove_at(step.body, position)) if step.body else replaced
    unknown = st.just({**step.body, "colour": "red"} if isinstance(step.body, dict) else [*step.body, 5])
    text = st.sampled_from(_BODIES).map(lambda content: Step(step.method, step.path, text=content))
    none = st.just(Step(step.method, step.path))
    return st.one_of(
        replaced.map(with_body), replaced.map(with_body), removed.map(with_body), unknown.map(with_body), text, none
    )


def _positions(body: Any) -> Iterator[Position]:
    yield ()
    members = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for name, value in members:
        yield from ((name, *position) for position in _positions(value))


def _replace_at(body: Any, position: Position, value: Any) -> Any:
    if not position:
        return value
    copy = body.copy()
    copy[position[0]] = _replace_at(body[position[0]], position[1:], value)
    return copy


def _remove_at(body: Any, position: Position) -> Any:
    copy = body.copy()
    if len(position) > 1:
        copy[position[0]] = _remove_at(body[position[0]], position[1:])
    else:
        del copy[position[0]]
    return copy


def _query(step: Step) -> st.SearchStrategy[Step]:
    sign = "&" if "?" in step.path else "?"
    return st.sampled_from(_QUERIES).map(lambda query: Step(step.method, step.path + sign + query))


def _first_reference(step: Step) -> str | None:
    """The first reference to an id in the path."""
    parts = step.path.partition("?")[0].split("/")
    return next((part for part in parts if part.startswith("@") and "." not in part), None)


def _path(step: Step) -> st.SearchStrategy[Step]:
    def with_key(key: str) -> Step:
        return Step(step.method, step.path.replace(str(_first_reference(step)), key, 1), step.body)

    return st.sampled_from(_IDS).map(with_key)
