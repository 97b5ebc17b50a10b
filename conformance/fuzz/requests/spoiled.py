"""Requests that were fine until one thing in them was replaced."""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from conformance.fuzz.requests import pools
from conformance.fuzz.requests.known import Known
from conformance.fuzz.requests.reads import reads
from conformance.fuzz.requests.writes import writes
from conformance.fuzz.steps import NOTHING, Step

Place = tuple[str | int, ...]

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


def spoiled(known: Known) -> st.SearchStrategy[Step]:
    """A request with one thing replaced; the body of a write more often than anything else."""
    bodies = writes(known).filter(lambda step: step.body is not NOTHING).flatmap(_body)
    paths = (writes(known) | reads(known)).filter(lambda step: _reference(step) is not None).flatmap(_path)
    return st.one_of(bodies, bodies, bodies, reads(known).flatmap(_query), paths)


def _body(step: Step) -> st.SearchStrategy[Step]:
    def with_body(body: Any) -> Step:
        return Step(step.method, step.path, body)

    places = st.sampled_from(list(_places(step.body)))
    replaced = st.tuples(places, st.sampled_from(pools.WRONG)).map(lambda found: _put(step.body, *found))
    left_out = places.filter(bool).map(lambda place: _without(step.body, place)) if step.body else replaced
    unknown = st.just({**step.body, "colour": "red"} if isinstance(step.body, dict) else [*step.body, 5])
    text = st.sampled_from(_BODIES).map(lambda content: Step(step.method, step.path, text=content))
    none = st.just(Step(step.method, step.path))
    return st.one_of(
        replaced.map(with_body), replaced.map(with_body), left_out.map(with_body), unknown.map(with_body), text, none
    )


def _places(body: Any) -> Iterator[Place]:
    yield ()
    members = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for name, value in members:
        yield from ((name, *place) for place in _places(value))


def _put(body: Any, place: Place, value: Any) -> Any:
    if not place:
        return value
    copy = body.copy()
    copy[place[0]] = _put(body[place[0]], place[1:], value)
    return copy


def _without(body: Any, place: Place) -> Any:
    copy = body.copy()
    if len(place) > 1:
        copy[place[0]] = _without(body[place[0]], place[1:])
    else:
        del copy[place[0]]
    return copy


def _query(step: Step) -> st.SearchStrategy[Step]:
    sign = "&" if "?" in step.path else "?"
    return st.sampled_from(_QUERIES).map(lambda query: Step(step.method, step.path + sign + query))


def _reference(step: Step) -> str | None:
    """The first name in the path, without a member: an id."""
    parts = step.path.partition("?")[0].split("/")
    return next((part for part in parts if part.startswith("@") and "." not in part), None)


def _path(step: Step) -> st.SearchStrategy[Step]:
    def with_key(key: str) -> Step:
        return Step(step.method, step.path.replace(str(_reference(step)), key, 1), step.body)

    return st.sampled_from(_IDS).map(with_key)
