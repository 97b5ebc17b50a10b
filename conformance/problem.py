"""What every refusal must look like."""

import re
from typing import Any

import httpx2

from api.problems import MEDIA_TYPE, TYPE_PREFIX

MEMBERS = {"type", "title", "status", "detail", "instance", "errors"}
LEAKS = re.compile(r"traceback|sqlite|sqlalchemy|asyncpg|asyncmy|mongo|select .* from|insert into|update .* set")


def read_problem(answer: httpx2.Response) -> dict[str, Any]:
    """The problem that ``answer`` carries, whole and well formed, and with nothing of the inside in it."""
    assert answer.headers["content-type"] == MEDIA_TYPE, answer.text
    problem: dict[str, Any] = answer.json()
    assert set(problem) == MEMBERS, problem
    assert problem["status"] == answer.status_code
    assert problem["type"].startswith(TYPE_PREFIX)
    assert problem["title"]
    assert problem["detail"].endswith("."), problem["detail"]
    assert problem["instance"] == answer.headers["x-request-id"] != ""
    assert not LEAKS.search(answer.text.lower()), answer.text
    return problem


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    """Status and kind of a problem, as in ``(400, "insufficient-stock")``."""
    problem = read_problem(answer)
    return problem["status"], problem["type"].removeprefix(TYPE_PREFIX)


def blamed(answer: httpx2.Response) -> list[str]:
    """The fields that a problem names."""
    return [error["field"] for error in read_problem(answer)["errors"]]


def names(answer: httpx2.Response, field: str) -> bool:
    """Whether a problem blames ``field``, or something in it."""
    return any(name == field or name.startswith(f"{field}.") for name in blamed(answer))
