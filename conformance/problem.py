"""The form that every problem must have."""

import re
from typing import Any

import httpx2

from api.problems import MEDIA_TYPE, TYPE_PREFIX

MEMBERS = {"type", "title", "status", "detail", "instance", "errors"}
LEAKS = re.compile(r"traceback|sqlite|sqlalchemy|asyncpg|asyncmy|mongo|select .* from|insert into|update .* set")


def read_problem(response: httpx2.Response) -> dict[str, Any]:
    """The problem in ``response``, which must be complete and reveal no internals."""
    assert response.headers["content-type"] == MEDIA_TYPE, response.text
    problem: dict[str, Any] = response.json()
    assert set(problem) == MEMBERS, problem
    assert problem["status"] == response.status_code
    assert problem["type"].startswith(TYPE_PREFIX)
    assert problem["title"]
    assert problem["detail"].endswith("."), problem["detail"]
    assert problem["instance"] == response.headers["x-request-id"] != ""
    assert not LEAKS.search(response.text.lower()), response.text
    return problem


def error_of(response: httpx2.Response) -> tuple[int, str]:
    """Status and type of a problem, as in ``(400, "insufficient-stock")``."""
    problem = read_problem(response)
    return problem["status"], problem["type"].removeprefix(TYPE_PREFIX)


def error_fields(response: httpx2.Response) -> list[str]:
    """The fields that a problem names."""
    return [error["field"] for error in read_problem(response)["errors"]]


def has_error_in(response: httpx2.Response, field: str) -> bool:
    """Whether a problem names ``field``, or something in it."""
    return any(name == field or name.startswith(f"{field}.") for name in error_fields(response))
