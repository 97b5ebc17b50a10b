"""What the tests of bad input share: the documented operations, and what the error of a bad value must say."""

from collections.abc import Iterator
from typing import Any

import httpx2
from fastapi import FastAPI

from conformance.problem import error_of, has_error_in

INVALID = (422, "validation-failed")


def operations(app: FastAPI) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation of the API document under its method and path."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def shorten(text: object) -> str:
    """``text`` short enough for a message."""
    return f"{str(text)[:80]!r}"


def find_fault(response: httpx2.Response, field: str) -> str:
    """What is wrong with the error of a bad ``field``; empty if nothing is."""
    if response.status_code != 422:
        return f"status {response.status_code}: {response.text[:200]}"
    return (
        ""
        if error_of(response) == INVALID and has_error_in(response, field)
        else f"does not name {field!a}: {response.text[:300]}"
    )
