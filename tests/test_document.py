"""The OpenAPI document: checked by schemathesis on a real server, and its structure."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from api.problems import MEDIA_TYPE
from conformance.processes.servers import run_server
from conformance.shop import Shop, populate
from core.settings import Settings

HERE = Path(__file__).parent
SEED = 20_261_122


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[str]:
    """The base URL of a server with one or two entities of each type."""

    async def fill() -> None:
        async with httpx2.AsyncClient(base_url=url) as client:
            await populate(Shop(client))

    with run_server(settings, tmp_path) as url:
        asyncio.run(fill())
        yield url


@pytest.mark.timeout(300)
@pytest.mark.needs("embedded", "shared")  # one storage is enough: the conformance suite tests boundaries on each
@pytest.mark.thorough
def test_schemathesis_finds_nothing_at_boundaries(server: str, tmp_path: Path) -> None:
    schemathesis(server, tmp_path, "--phases=coverage")


@pytest.mark.timeout(300)
@pytest.mark.thorough
def test_schemathesis_finds_nothing_in_samples(server: str, tmp_path: Path) -> None:
    schemathesis(server, tmp_path, "--phases=examples,fuzzing,stateful", "--max-examples=5")


def schemathesis(server: str, folder: Path, *phases: str) -> None:
    """Run schemathesis, independent of its files in parent folders and of earlier runs."""
    program = [f"{Path(sys.executable).parent}/schemathesis", f"--config-file={HERE}/schemathesis.toml"]
    fixed = ["--checks=all", f"--seed={SEED}", "--generation-database=none", "--no-color", "--warnings=off"]
    env = {**os.environ, "SCHEMATHESIS_HOOKS": f"{HERE}/schemathesis_hooks.py"}
    command = [*program, "run", f"{server}/openapi.json", *fixed, *phases]
    run = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=280)
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr
    tested = re.search(r"Tested: (\d+)", run.stdout)
    assert tested is not None, run.stdout
    assert int(tested[1]) >= 70, run.stdout  # all operations


def operations(app: FastAPI) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation under its method and path."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


async def test_patterns_match_outer_white_space(app: FastAPI) -> None:
    pattern = re.compile(app.openapi()["components"]["schemas"]["Registration"]["properties"]["username"]["pattern"])
    for char in map(chr, range(0x10000)):
        padded = f"{char}abc{char}"
        assert bool(pattern.search(padded)) == bool(re.fullmatch("[A-Za-z0-9_]{3,}", padded.strip())), hex(ord(char))


async def test_operations_document_their_problems(app: FastAPI) -> None:
    for name, operation in operations(app):
        refusals = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert "422" in refusals, name
        assert "503" in refusals or name in ("GET /", "GET /livez"), name
        assert ("404" in refusals) == ("{" in name), name
        assert ("415" in refusals) == ("requestBody" in operation), name
        for status, answer in refusals.items():
            [(media_type, content)] = answer["content"].items()
            assert media_type == MEDIA_TYPE, (name, status)
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}, (name, status)
            assert status != "503" or "Retry-After" in answer["headers"], name


async def test_operations_have_unique_ids_and_descriptions(app: FastAPI) -> None:
    found = dict(operations(app))
    ids = [operation["operationId"] for operation in found.values()]
    assert len(set(ids)) == len(ids)
    assert all(one.isidentifier() for one in ids)
    for name, operation in found.items():
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["tags"], name
        assert any(status.startswith("2") for status in operation["responses"]), name
        assert all("X-Request-ID" in answer["headers"] for answer in operation["responses"].values()), name


async def test_framework_errors_are_not_documented(app: FastAPI) -> None:
    text = str(app.openapi())
    assert "HTTPValidationError" not in text
    assert "ValidationError" not in app.openapi()["components"]["schemas"]


async def test_schemas_and_references_match(app: FastAPI) -> None:
    document = app.openapi()
    used = set(references(document))
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    headers = {f"#/components/headers/{name}" for name in document["components"]["headers"]}
    assert used == schemas | headers


def references(node: Any) -> Iterator[str]:
    """Every ``$ref`` in a document."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


async def test_server_serves_the_document(client: httpx2.AsyncClient, app: FastAPI) -> None:
    answer = await client.get("/openapi.json")
    assert answer.json() == app.openapi()
    page = await client.get("/docs")
    assert page.status_code == 200
    assert not re.search(r"https?://", page.text)  # nothing is fetched from another host
