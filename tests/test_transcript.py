"""The coverage of the conformance suite's recorded transcript."""

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


# Not in the transcript, but in other tests: admission and limits (test_admission.py and test_limits.py) and, in
# conformance/suite, ETags (test_preconditions.py) and idempotency keys (test_idempotency.py).
ELSEWHERE = {"304", "403", "408", "412", "413"}


def operation(line: dict[str, Any], document: dict[str, Any]) -> tuple[str, str] | None:
    """Path template and method of a recorded request; of several matching templates the most literal one."""
    method, target = line["request"].split(" ", 1)
    path = target.partition("?")[0].partition(" as ")[0].rstrip("/") or "/"
    matching = [template for template in document["paths"] if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path)]
    chosen = min(matching, key=lambda template: template.count("{"), default=None)
    known = chosen is not None and method.lower() in document["paths"][chosen]
    return (chosen, method.lower()) if known and chosen else None


def test_transcript_has_every_documented_response(built_app: FastAPI) -> None:
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


def test_transcript_has_every_client_error() -> None:
    page = (Path(__file__).parents[1] / "docs/api.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| (?:\d{3}[^|]*|others) \| (.*) \|$", page.partition("## Errors")[2])
    documented = {kind for row in rows for kind in re.findall(r"`([a-z-]+)`", row)}
    kinds = {line["answer"]["type"].removeprefix(TYPE_PREFIX) for line in LINES if line["status"] >= 400}
    assert documented - NOT_COVERED <= kinds
    assert kinds - documented == {"unsupported-media-type"}


def test_transcript_has_hundreds_of_requests() -> None:
    assert len(LINES) >= 300
    assert not [line for line in LINES if line["status"] >= 500]


@pytest.mark.parametrize("secret", ["SecurePass", "argon2", "password_hash"])
def test_no_answer_contains_a_secret(secret: str) -> None:
    assert [line["request"] for line in LINES if secret in json.dumps(line["answer"])] == []


def test_budget_rows_have_distinct_names() -> None:
    assert len({row.name for row in BUDGETS}) == len(BUDGETS)
