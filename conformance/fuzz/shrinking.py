"""Shrinking: making a failing sequence as short as possible.

Hypothesis shrinks the choices from which it generated the sequence, each of which may change every later request. Here
whole lines are dropped, then parts of them, which takes far less time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from conformance.fuzz.steps import Line, Step

Fails = Callable[[Sequence[Line]], bool]


def shrink(lines: Sequence[Line], fails: Fails) -> Sequence[Line]:
    """The lines that still fail after every line and part that is not needed has been dropped."""
    before: Sequence[Line] = []
    while lines != before:
        before = lines
        lines = _drop_lines(lines, fails)
        for number in reversed(range(len(lines))):
            lines = _simplify(lines, number, fails)
    return lines


def _drop_lines(lines: Sequence[Line], fails: Fails) -> Sequence[Line]:
    """The lines without those that are not needed: half of them at a time, then a quarter, down to single ones."""
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


def _simplify(lines: Sequence[Line], number: int, fails: Fails) -> Sequence[Line]:
    """The lines with one of them simplified for as long as they still fail."""
    for simpler in _simpler_lines(lines[number]):
        changed = [*lines[:number], simpler, *lines[number + 1 :]]
        if fails(changed):
            return _simplify(changed, number, fails)
    return lines


def _simpler_lines(line: Line) -> Iterator[Line]:
    if len(line) > 1:
        yield from ((step,) for step in line)
    for index, step in enumerate(line):
        yield from ((*line[:index], simpler, *line[index + 1 :]) for simpler in _simpler_steps(step))


def _simpler_steps(step: Step) -> Iterator[Step]:
    if step.wait:
        yield replace(step, wait=0)
    yield from (replace(step, body=body) for body in _simpler_bodies(step.body))
    path, mark, query = step.path.partition("?")
    parts = query.split("&") if mark else []
    for index in range(len(parts)):
        rest = [*parts[:index], *parts[index + 1 :]]
        yield replace(step, path=path + ("?" + "&".join(rest) if rest else ""))


def _simpler_bodies(body: Any) -> Iterator[Any]:
    if isinstance(body, dict):
        for name, value in body.items():
            yield {other: body[other] for other in body if other != name}
            yield from (body | {name: smaller} for smaller in _simpler_bodies(value))
    elif isinstance(body, list):
        for index, value in enumerate(body):
            yield [*body[:index], *body[index + 1 :]]
            yield from ([*body[:index], smaller, *body[index + 1 :]] for smaller in _simpler_bodies(value))
