"""What the tests of bad input share: the operations there are, and what a refusal must say."""

from collections.abc import Iterator
from typing import Any

import httpx2
from fastapi import FastAPI

from conformance.problem import names, refusal

INVALID = (422, "validation-failed")


def operations(app: FastAPI) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation of the API document under its method and path."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def show(text: object) -> str:
    """``text`` short enough for a message."""
    return f"{str(text)[:80]!r}"


def unsuited(answer: httpx2.Response, field: str) -> str:
    """What is wrong with the refusal of a bad ``field``; empty where it is as it should be."""
    if answer.status_code != 422:
        return f"answered {answer.status_code}: {answer.text[:200]}"
    return (
        "" if refusal(answer) == INVALID and names(answer, field) else f"does not blame {field!a}: {answer.text[:300]}"
    )
