"""Making a conversation that found something as short as can be, so that what is left is all that matters.

Hypothesis shrinks the choices from which it made the conversation up, of which a single one may change every later
request. Here whole lines are left out, then what is in them, which comes to an end far sooner.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from conformance.fuzz.steps import Line, Step

Fails = Callable[[Sequence[Line]], bool]


def shortened(lines: Sequence[Line], fails: Fails) -> Sequence[Line]:
    """The lines without any that could be left out, alone or many in a row, and without needless parts."""
    before: Sequence[Line] = []
    while lines != before:
        before = lines
        lines = _fewer(lines, fails)
        for number in reversed(range(len(lines))):
            lines = _simplified(lines, number, fails)
    return lines


def _fewer(lines: Sequence[Line], fails: Fails) -> Sequence[Line]:
    """The lines without those that can be left out: half of them at a time, then a quarter, down to single ones."""
    size = len(lines) // 2 or 1
    while size:
        start = 0
        while start < len(lines):
            rest = [*lines[:start], *lines[start + size :]]
            if fails(rest):
                lines = rest
            else:
                start += size
        size //= 2
    return lines


def _simplified(lines: Sequence[Line], number: int, fails: Fails) -> Sequence[Line]:
    """The lines with one of them made simpler for as long as it can be."""
    for simpler in _simpler(lines[number]):
        changed = [*lines[:number], simpler, *lines[number + 1 :]]
        if fails(changed):
            return _simplified(changed, number, fails)
    return lines


def _simpler(line: Line) -> Iterator[Line]:
    if len(line) > 1:
        yield from ((step,) for step in line)
    for index, step in enumerate(line):
        yield from ((*line[:index], simpler, *line[index + 1 :]) for simpler in _simpler_steps(step))


def _simpler_steps(step: Step) -> Iterator[Step]:
    if step.wait:
        yield replace(step, wait=0)
    yield from (replace(step, body=body) for body in _without_a_part(step.body))
    path, mark, query = step.path.partition("?")
    parts = query.split("&") if mark else []
    for index in range(len(parts)):
        rest = [*parts[:index], *parts[index + 1 :]]
        yield replace(step, path=path + ("?" + "&".join(rest) if rest else ""))


def _without_a_part(body: Any) -> Iterator[Any]:
    if isinstance(body, dict):
        for name, value in body.items():
            yield {other: body[other] for other in body if other != name}
            yield from (body | {name: smaller} for smaller in _without_a_part(value))
    elif isinstance(body, list):
        for index, value in enumerate(body):
            yield [*body[:index], *body[index + 1 :]]
            yield from ([*body[:index], smaller, *body[index + 1 :]] for smaller in _without_a_part(value))
