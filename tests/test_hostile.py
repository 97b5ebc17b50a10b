"""Hostile requests with a token: schemathesis' inputs cause no server errors and no leaks."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from conformance.authenticated_user import AuthenticatedUser, bearer_header
from conformance.defaults import protected_settings_for
from conformance.processes.servers import environment_of, run_server
from conformance.shop import PASSWORD, Shop, populate
from core.settings import Settings
from tests.test_document import HERE, SEED

pytestmark = pytest.mark.thorough

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,no_leak"
ENDS_THE_SESSION = r"^(log_out_of_session|change_password|(replace|update|delete|deactivate|soft_delete)\w*user\w*)$"
SUPERUSER = "keeper"


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[str]:
    """The base URL of a server with authentication, one or two entities of each type, a superuser and customers."""
    chosen = protected_settings_for(settings.url, login_attempts=10_000)

    async def fill() -> None:
        async with httpx2.AsyncClient(base_url=url) as client:
            client.headers.update(await logged_in(client, SUPERUSER))
            await populate(Shop(client))

    env = environment_of(chosen) | {"STOCKROOM_SUPERUSER_PASSWORD": PASSWORD}
    command = [f"{Path(sys.executable).parent}/stockroom", "create-superuser", f"--username={SUPERUSER}"]
    subprocess.run([*command, "--email=keeper@example.com"], env=env, check=True, stdin=subprocess.DEVNULL)
    with run_server(chosen, tmp_path) as url:
        asyncio.run(fill())
        yield url


async def logged_in(client: httpx2.AsyncClient, name: str) -> dict[str, str]:
    """The header of a user who has logged in."""
    return bearer_header(await AuthenticatedUser(client, {"username": name}).log_in())


@pytest.mark.only("sqlite")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [SUPERUSER, "user_1"], ids=["superuser", "customer"])
def test_schemathesis_breaks_nothing_with_a_token(server: str, tmp_path: Path, name: str) -> None:
    with httpx2.Client(base_url=server) as client:
        header = asyncio.run(of(server, name))
        schemathesis(server, tmp_path, f"Authorization:{header['Authorization']}")
        assert client.get("/orders", headers=header).status_code == 200, "it was logged in until the end"
        made = client.get("/products").json()["total"] - 2
        assert (made > 0) == (name == SUPERUSER), "it was sent with the token"


async def of(server: str, name: str) -> dict[str, str]:
    async with httpx2.AsyncClient(base_url=server) as client:
        return await logged_in(client, name)


def schemathesis(server: str, folder: Path, header: str) -> None:
    """Run schemathesis, with valid and invalid requests."""
    program = [f"{Path(sys.executable).parent}/schemathesis", f"--config-file={HERE}/schemathesis.toml"]
    fixed = [f"--checks={CHECKS}", f"--seed={SEED}", "--generation-database=none", "--no-color", "--warnings=off"]
    chosen = ["--phases=fuzzing", "--max-examples=6", f"--exclude-operation-id-regex={ENDS_THE_SESSION}"]
    command = [*program, "run", f"{server}/openapi.json", *fixed, *chosen, f"--header={header}"]
    env = {**os.environ, "SCHEMATHESIS_HOOKS": f"{HERE}/schemathesis_hooks.py"}
    run = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=280)
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr
    tested = re.search(r"Tested: (\d+)", run.stdout)
    assert tested is not None, run.stdout
    assert int(tested[1]) >= 60, run.stdout
