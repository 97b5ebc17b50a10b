"""The project's files are consistent: commands, lock, typing, documentation, compose file."""

import os
import re
import runpy
import subprocess
import tomllib
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi import FastAPI
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from api.problems import status_of
from core import errors
from core.entities import ENTITY_TYPES
from core.settings import Settings
from core.storage.sorts import sorts_of
from tests.mongo.lists import sort_fields

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DATABASES = ["postgresql", "mysql", "mariadb", "mongodb"]

WORDS: dict[str, Any] = runpy.run_path(str(ROOT / ".ci/words.py"))
DOCS: dict[str, Any] = runpy.run_path(str(ROOT / ".ci/docs.py"))

# In pieces, so that this file does not match itself.
FORBIDDEN = {
    "a package registry": r"pypi\.(org|python)|python"
    + r"hosted\.|registry\.npm"
    + r"js|deb\.debian\.|proxy\.golang\.",
    "an index option": r"(?m)^\s*(-i|--(extra-)?index-url|--find-links|--trusted-host)[ =]\S*:",
    "a path of one machine": r"/(work|root)" + r"/[a-z.]|/(home|Users)/[a-z]+/|file:" + "//",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE" + r" KEY",
    "a token": r"\b(ghp_|github_pat_|glpat-|xox[abp]-|AKIA)[A-Za-z0-9_]{16,}",
}


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_no_file_holds(kind: str) -> None:
    texts = {path: path.read_text(errors="replace") for path in WORDS["sources"]()}
    assert texts
    found = {str(path.relative_to(ROOT)): match[0] for path, text in texts.items() if (match := search(kind, text))}
    assert not found


def search(kind: str, text: str) -> re.Match[str] | None:
    return re.search(FORBIDDEN[kind], text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("a package registry", "https://py" + "pi.org/simple"),
        ("a package registry", "https://files.python" + "hosted.org/packages/x.whl"),
        ("an index option", "--index-url " + "https://example.com/simple"),
        ("a path of one machine", "/ro" + "ot/.cache"),
        ("a private key", "-----BEGIN OPENSSH PRIVATE" + " KEY-----"),
        ("a token", "ghp_" + "a" * 36),
    ],
)
def test_forbidden_text_would_be_found(kind: str, text: str) -> None:
    assert search(kind, text)


# The lock: pins with hashes, and no addresses.

PINS = {entry.partition("==")[0]: entry for entry in re.split(r"\n(?=\S)", LOCK.strip())}


def requirements() -> dict[str, Requirement]:
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    lists = [project["dependencies"], *project["optional-dependencies"].values(), *groups.values()]
    return {canonicalize_name(r.name): r for r in (Requirement(text) for texts in lists for text in texts)}


@pytest.mark.parametrize("name", PINS)
def test_pin_has_hashes_and_no_address(name: str) -> None:
    pin, *hashes = [line.rstrip(" \\") for line in PINS[name].splitlines() if not line.lstrip().startswith("#")]
    assert re.fullmatch(r"[a-z0-9-]+==[^\s:/@]+( ; [^:/@]+)?", pin)
    assert hashes
    assert [text for text in hashes if not re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}", text)] == []


@pytest.mark.parametrize("name", requirements())
def test_lock_satisfies_the_project(name: str) -> None:
    version = PINS[name].split()[0].partition("==")[2]
    assert requirements()[name].specifier.contains(version), "run `make lock`"


def test_lock_has_no_unused_direct_pin() -> None:
    direct = {name for name, entry in PINS.items() if "stockroom (pyproject.toml" in entry}
    assert direct == set(requirements()), "run `make lock`"


def test_reason_for_every_dependency_is_documented() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE)
    listed = {canonicalize_name(name) for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert listed == set(requirements())


# Commands, pages, packages


def test_readme_names_existing_make_targets() -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text()))
    named = set(re.findall(r"(?m)(?:^|`)make ([a-z]+)", (ROOT / "README.md").read_text()))
    assert {"serve", "test", "check"} <= named <= targets


PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in links_of(page) if not (page.parent / link).exists()] == []


def links_of(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())


def test_index_reaches_every_page() -> None:
    indexes = [ROOT / "docs/README.md", ROOT / "docs/measurements/README.md"]
    reached = {(index.parent / link).resolve() for index in indexes for link in links_of(index)}
    assert set((ROOT / "docs").rglob("*.md")) - set(indexes) - reached == set()


def test_ci_script_is_executable() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)
    subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT, check=True)


@pytest.mark.parametrize("package", PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
def test_package_ships_its_types(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def test_layering_is_enforced() -> None:
    tool = PROJECT["tool"]
    assert {"layers", "forbidden"} == {contract["type"] for contract in tool["importlinter"]["contracts"]}
    assert set(tool["importlinter"]["root_packages"]) == set(tool["hatch"]["build"]["targets"]["wheel"]["packages"])


# Settings


def test_every_setting_is_documented_with_its_default() -> None:
    rows = re.findall(r"(?m)^\| `([A-Z0-9_]+)` \| (?:`([^`]*)`)? ?\| \S", (ROOT / "docs/settings.md").read_text())
    assert dict(rows) == DOCS["defaults"]()


def test_the_example_of_an_environment_file_has_every_setting_with_its_default() -> None:
    assert dict(re.findall(r"(?m)^#([A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text())) == DOCS["defaults"]()


def test_generated_docs_are_current() -> None:
    stale = [path.name for path, text in DOCS["generate"]().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run `make docs`"


# The API's page

INTERNAL = {
    errors.Conflict,
    errors.BusinessRuleViolation,
    errors.TransientConflict,
    errors.Unsupported,
    errors.ConfigurationError,
}
"""Errors that are only raised as a subclass, or never reach a client."""


CLIENT_ERRORS: set[type[errors.StockroomError]] = {
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.StockroomError)
} - INTERNAL


@pytest.mark.parametrize("error", sorted(CLIENT_ERRORS, key=attrgetter("code")))
def test_every_error_is_documented_under_its_status(error: type[errors.StockroomError]) -> None:
    page = (ROOT / "docs/api.md").read_text()
    [row] = re.findall(rf"(?m)^\| {status_of(error)}\b.*`[a-z-]+`.*$", page)
    assert f"`{error.code}`" in row


def test_sort_fields_of_every_list_are_documented(built_app: FastAPI) -> None:
    rows = re.findall(r"(?m)^\| ([a-z]+) \| ((?:`[a-z_]+` ?)+) \|$", (ROOT / "docs/api.md").read_text())
    documented = {name: fields.replace("`", "").split() for name, fields in rows}
    assert documented == {name: list(sorts_of(ENTITY_TYPES.by_plural(name))) for name in documented}
    assert {frozenset(fields) for fields in documented.values()} == sort_fields(built_app)
    assert documented.keys() >= {one.plural for one in ENTITY_TYPES if one.sorts}


# Containers: the tests cannot run any, so `make check` validates the file against its schema, and these its contents.


@pytest.mark.parametrize("name", DATABASES)
def test_databases_are_healthy_before_migration(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["profiles"] == [name]
    assert service["healthcheck"]["test"]
    assert [volume for volume in service["volumes"] if volume.partition(":")[0] in COMPOSE["volumes"]]
    assert COMPOSE["services"]["migrate"]["depends_on"][name] == {"condition": "service_healthy", "required": False}


def test_api_starts_after_the_migration() -> None:
    services = COMPOSE["services"]
    assert set(services) == {"api", "migrate", *DATABASES}
    assert "profiles" not in services["api"]
    assert services["api"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert services["migrate"]["command"] == ["stockroom", "migrate", "up"]
    assert services["api"]["environment"] == services["migrate"]["environment"]


def test_mongodb_is_a_replica_set_of_one() -> None:
    service = COMPOSE["services"]["mongodb"]
    assert "--replSet" in service["command"]
    assert "rs.initiate" in service["healthcheck"]["test"][-1]


def test_compose_publishes_to_loopback_without_password() -> None:
    for name, service in COMPOSE["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        given = {key: value for key, value in service.get("environment", {}).items() if key.endswith("PASSWORD")}
        assert all(value in ("yes", "${DATABASE_PASSWORD:-stockroom}") for value in given.values()), name


def test_compose_trusts_its_own_network_only() -> None:
    [config] = COMPOSE["networks"]["default"]["ipam"]["config"]
    subnet = config["subnet"]
    assert COMPOSE["services"]["api"]["environment"]["TRUSTED_NETWORKS"] == f"${{TRUSTED_NETWORKS:-{subnet}}}"
    [network] = Settings(trusted_networks=subnet.removeprefix("${SUBNET:-").removesuffix("}"), _env_file=None).networks
    assert network.is_private
    assert not any("networks" in service for service in COMPOSE["services"].values())


def test_the_image_trusts_no_network() -> None:
    instructions = re.findall(r"(?m)^(?!#).*$", (ROOT / "Dockerfile").read_text())
    assert not any("TRUSTED_NETWORKS" in line for line in instructions)


def test_image_contains_every_package() -> None:
    included = set(re.findall(r"(?m)^!(\S+)$", (ROOT / ".dockerignore").read_text()))
    assert included >= {*PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"], "requirements.lock"}
