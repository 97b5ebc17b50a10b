"""The services of docker-compose.yml, run as processes with their commands and environments."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
import yaml

from conformance.processes.ports import PortPool
from conformance.processes.process import Process
from core.settings import Settings

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVERS = ("postgresql", "mysql", "mariadb", "mongodb")
ACCOUNTS = {
    "postgresql": ("POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"),
    "mysql": ("MYSQL_USER", "MYSQL_PASSWORD", "MYSQL_DATABASE"),
    "mariadb": ("MARIADB_USER", "MARIADB_PASSWORD", "MARIADB_DATABASE"),
}


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """``${NAME}`` and ``${NAME:-default}``, also one in the other's default, as Compose does."""
    innermost = re.compile(r"\$\{([A-Z_]+)(?::-([^${}]*))?\}")
    while match := innermost.search(text):
        text = text.replace(match[0], variables.get(match[1]) or match[2] or "")
    return text


def environment_of(service: str, **variables: str) -> dict[str, str]:
    """The environment of a service, where ``variables`` are set for Compose."""
    described: dict[str, Any] = COMPOSE["services"][service]
    found: dict[str, str] = {}
    for file in described.get("env_file", []):
        path = ROOT / interpolate(file["path"], variables)
        if file.get("required", True):
            lines = path.read_text().splitlines()
            found |= dict(interpolate(line, variables).split("=", 1) for line in lines if not line.startswith("#"))
    given = described["environment"]
    return found | {name: interpolate(str(value), variables) for name, value in given.items()}


def run_environment(found: Mapping[str, str]) -> dict[str, str]:
    """An environment for a process, with no other settings."""
    return {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields} | dict(
        found
    )


@pytest.mark.parametrize("name", ["sqlite", *SERVERS])
def test_profile_chooses_the_database(name: str) -> None:
    variables = {} if name == "sqlite" else {"COMPOSE_PROFILES": name}
    for service in ("api", "migrate"):
        assert environment_of(service, **variables)["DATABASE_URL"].startswith(f"{name}://")
    other = environment_of("api", DATABASE_URL="mysql://elsewhere/shop", **variables)
    assert other["DATABASE_URL"] == "mysql://elsewhere/shop"


@pytest.mark.parametrize("name", ACCOUNTS)
@pytest.mark.parametrize("password", ["stockroom", "another"])
def test_account_of_server_is_that_of_url(name: str, password: str) -> None:
    variables = {} if password == "stockroom" else {"DATABASE_PASSWORD": password}
    url = urlsplit(environment_of("api", COMPOSE_PROFILES=name, **variables)["DATABASE_URL"])
    server = environment_of(name, **variables)
    assert [url.username, url.password, url.path.strip("/")] == [server[part] for part in ACCOUNTS[name]]
    [port] = COMPOSE["services"][name]["ports"]
    assert (url.hostname, str(url.port)) == (name, port.rpartition(":")[2])


def test_subnet_is_the_trusted_network() -> None:
    [config] = COMPOSE["networks"]["default"]["ipam"]["config"]
    for variables in ({}, {"SUBNET": "10.9.8.0/24"}):
        assert environment_of("api", **variables)["TRUSTED_NETWORKS"] == interpolate(config["subnet"], variables)
    assert environment_of("api", TRUSTED_NETWORKS="10.1.0.0/16")["TRUSTED_NETWORKS"] == "10.1.0.0/16"


def test_mongodb_member_is_reachable_from_the_host() -> None:
    service = COMPOSE["services"]["mongodb"]
    [member] = re.findall(r'host: "([^"]+)"', service["healthcheck"]["test"][-1])
    assert member == "localhost:27017"
    assert service["ports"] == ["127.0.0.1:27017:27017"]
    assert "directConnection=true" in environment_of("api", COMPOSE_PROFILES="mongodb")["DATABASE_URL"]


def test_image_has_the_extras_of_its_commands() -> None:
    [installed] = re.findall(r'"\.\[([a-z,]+)\]"', DOCKERFILE)
    project = (ROOT / "pyproject.toml").read_text()
    extras = re.findall(
        r"(?m)^([a-z]+) = \[", project.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    )
    assert set(installed.split(",")) == set(extras) - {"conformance"}


def test_minimum_version_of_compose_is_stated() -> None:
    assert "Docker Compose 2.24" in (ROOT / "docker-compose.yml").read_text()
    assert "Docker Compose 2.24" in (ROOT / "README.md").read_text()


@pytest.mark.only("sqlite", *SERVERS)
@pytest.mark.thorough
async def test_services_run_on_the_database(blank_url: str, tmp_path: Path) -> None:
    given = urlsplit(blank_url)
    env = environment_of("api", **({} if given.scheme == "sqlite" else {"COMPOSE_PROFILES": given.scheme}))
    url = urlsplit(env["DATABASE_URL"])
    if given.scheme != "sqlite":
        login = url.netloc.rpartition("@")[0] or given.netloc.rpartition("@")[0]
        place = given.netloc.rpartition("@")[2]
        env["DATABASE_URL"] = url._replace(netloc=f"{login}@{place}", path=given.path).geturl()
    env["TRUSTED_NETWORKS"] += ",127.0.0.0/8"  # there is no gateway here
    program = str(Path(sys.executable).with_name("stockroom"))
    migrate = [program, *COMPOSE["services"]["migrate"]["command"][1:]]
    run = partial(subprocess.run, migrate, env=run_environment(env), cwd=tmp_path, check=True, capture_output=True)
    await asyncio.to_thread(run)
    await serve(program, run_environment(env), tmp_path)


async def serve(program: str, env: Mapping[str, str], folder: Path) -> None:
    """Run the image's command until its health check and a request are answered."""
    ports = PortPool()
    port = str(ports.acquire())
    [command] = re.findall(r"(?m)^CMD (\[.*\])$", DOCKERFILE)
    [check] = re.findall(r"(?m)^    CMD (\[.*\])$", DOCKERFILE)
    started = [program, *(port if part == "8000" else part for part in json.loads(command)[1:])]
    process = Process(started, folder, env=env)
    code = json.loads(check)[-1].replace(":8000", f":{port}")

    async def is_healthy() -> None:
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)  # noqa: ASYNC221

    try:
        await process.wait_until(is_healthy, 60)
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            response = await client.post("/tags", json={"name": "red"})
            assert (response.status_code, response.json()["id"]) == (201, 1)
    finally:
        process.stop()
        ports.release()
