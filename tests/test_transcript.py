"""What the recorded conversation of the conformance suite covers."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from api.openapi import KEY_IN_USE
from api.problems import TYPE_PREFIX
from conformance.suite.budget import BUDGETS
from conformance.suite.test_transcript import NOT_COVERED, RECORDED

LINES: list[dict[str, Any]] = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]


# Not in the conversation, but in tests of their own: who is answered, what is too slow or too large (test_limits.py and
# test_admission.py), and, in conformance/suite, what depends on an ETag (test_preconditions.py) or on a key
# (test_idempotency.py).
ELSEWHERE = {"304", "403", "408", "412", "413"}


def operation(line: dict[str, Any], document: dict[str, Any]) -> tuple[str, str] | None:
    """Template and method that a recorded request was for; the most literal template that fits."""
    method, target = line["request"].split(" ", 1)
    path = target.partition("?")[0].partition(" as ")[0].rstrip("/") or "/"
    fitting = [template for template in document["paths"] if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path)]
    chosen = min(fitting, key=lambda template: template.count("{"), default=None)
    known = chosen is not None and method.lower() in document["paths"][chosen]
    return (chosen, method.lower()) if known and chosen else None


def test_the_transcript_holds_every_answer_that_the_api_document_promises(built_app: FastAPI) -> None:
    document = built_app.openapi()
    seen = {(operation(line, document), str(line["status"])) for line in LINES}
    promised = {
        ((template, method), status)
        for template, methods in document["paths"].items()
        for method, described in methods.items()
        for status, answer in described["responses"].items()
        if int(status) < 500 and status not in ELSEWHERE and answer["description"] != KEY_IN_USE
    }
    assert promised - seen == set()
    assert {known for known in seen - promised if known[0] is not None} == set()


def test_the_transcript_holds_every_kind_of_error_that_a_client_can_cause() -> None:
    page = (Path(__file__).parents[1] / "docs/api.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| (?:\d{3}[^|]*|others) \| (.*) \|$", page.partition("## Errors")[2])
    documented = {kind for row in rows for kind in re.findall(r"`([a-z-]+)`", row)}
    kinds = {line["answer"]["type"].removeprefix(TYPE_PREFIX) for line in LINES if line["status"] >= 400}
    assert documented - NOT_COVERED <= kinds
    assert kinds - documented == {"unsupported-media-type"}


def test_the_transcript_is_some_hundred_requests_long() -> None:
    assert len(LINES) >= 300
    assert not [line for line in LINES if line["status"] >= 500]


@pytest.mark.parametrize("secret", ["SecurePass", "argon2", "password_hash"])
def test_no_answer_holds_a_secret(secret: str) -> None:
    assert [line["request"] for line in LINES if secret in json.dumps(line["answer"])] == []


def test_no_row_of_the_budget_hides_another() -> None:
    assert len({row.name for row in BUDGETS}) == len(BUDGETS)
