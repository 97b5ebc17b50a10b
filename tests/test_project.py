"""The repository is consistent: make targets, the lock, the settings' page, links, the compose file."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic import SecretStr

from api.problems import status_of
from core import errors
from core.settings import Settings
from core.storage import sorts

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DATABASES = ["postgresql", "mysql", "mariadb", "mongodb"]

NOT_A_SOURCE = {".git", ".venv", "dist", "__pycache__"}

# Written in pieces, so that this file does not contain what it searches for.
FORBIDDEN = {
    "a package registry": r"pypi\.(org|python)|python"
    + r"hosted\.|registry\.npm"
    + r"js|deb\.debian\.|proxy\.golang\.",
    "an index option": r"(?m)^\s*(-i|--(extra-)?index-url|--find-links|--trusted-host)[ =]\S*:",
    "a path of one machine": r"/(work|root)" + r"/[a-z.]|/(home|Users)/[a-z]+/|file:" + "//",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE" + r" KEY",
    "a token": r"\b(ghp_|github_pat_|glpat-|xox[abp]-|AKIA)[A-Za-z0-9_]{16,}",
}


def sources() -> list[Path]:
    """Every file that is or could be committed; without git, every file that is not generated."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
        return [path for name in names if name and (path := ROOT / name).is_file()]
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_A_SOURCE and not name.endswith("_cache")]
        found += [Path(folder, name) for name in files if not re.search(r"\.(db|db-wal|db-shm|pyc)$|^\.env$", name)]
    return found


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_no_file_contains(kind: str) -> None:
    texts = {path: path.read_text(errors="replace") for path in sources()}
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


# The lock: pins with hashes, and no address of a download.

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


# Commands and links


def test_readme_names_existing_make_targets() -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text()))
    named = set(re.findall(r"(?m)(?:^|`)make ([a-z]+)", (ROOT / "README.md").read_text()))
    assert {"serve", "test", "check"} <= named <= targets


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))],
    ids=lambda page: page.name,
)
def test_links_have_targets(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_ci_script_is_executable() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)
    subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT, check=True)


def test_layering_is_enforced() -> None:
    tool = PROJECT["tool"]
    assert {"layers", "forbidden"} == {contract["type"] for contract in tool["importlinter"]["contracts"]}
    assert set(tool["importlinter"]["root_packages"]) == set(tool["hatch"]["build"]["targets"]["wheel"]["packages"])


# Settings


def defaults() -> dict[str, str]:
    """Each variable with its default, as written in a file of settings."""
    return {name.upper(): format_value(field.default) for name, field in Settings.model_fields.items()}


def format_value(value: object) -> str:
    if value is None:
        return ""
    text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    return text.lower() if isinstance(value, bool) else text


def test_every_setting_is_documented() -> None:
    rows = re.findall(r"(?m)^\| `([A-Z0-9_]+)` \| (?:`([^`]*)`)? ?\| \S", (ROOT / "docs/settings.md").read_text())
    assert dict(rows) == defaults()


def test_example_environment_file_is_complete() -> None:
    assert dict(re.findall(r"(?m)^#([A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text())) == defaults()


# The API's page

LISTS = {"USERS", "POSTS", "TAGS", "CATEGORIES", "PRODUCTS", "ORDERS", "TRANSFERS", "NOTIFICATIONS"}
INTERNAL = {
    errors.Conflict,
    errors.BusinessRuleViolation,
    errors.TransientConflict,
    errors.Unsupported,
    errors.ConfigurationError,
}
"""Base classes, and errors that never reach a client."""


CLIENT_ERRORS = {
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.StockroomError)
} - INTERNAL


@pytest.mark.parametrize("error", sorted(CLIENT_ERRORS, key=lambda error: error.code))
def test_every_error_is_documented_under_its_status(error: type[errors.StockroomError]) -> None:
    page = (ROOT / "docs/api.md").read_text()
    [row] = re.findall(rf"(?m)^\| {status_of(error)}\b.*`[a-z-]+`.*$", page)
    assert f"`{error.code}`" in row


def test_sort_fields_of_every_list_are_documented() -> None:
    rows = re.findall(r"(?m)^\| ([a-z]+) \| ((?:`[a-z_]+` ?)+) \|$", (ROOT / "docs/api.md").read_text())
    declared = {name.lower(): list(fields) for name, fields in vars(sorts).items() if name in LISTS}
    assert {name: fields.replace("`", "").split() for name, fields in rows} == declared


# Containers: none can run here, so `make check` validates the file by its schema, and these tests by the project.


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
    subnet = config["subnet"].removeprefix("${SUBNET:-").removesuffix("}")
    assert COMPOSE["services"]["api"]["environment"]["TRUSTED_NETWORKS"] == f"${{TRUSTED_NETWORKS:-{subnet}}}"
    [network] = Settings(trusted_networks=subnet, _env_file=None).networks
    assert network.is_private
    assert not any("networks" in service for service in COMPOSE["services"].values())


def test_image_trusts_no_network() -> None:
    instructions = re.findall(r"(?m)^(?!#).*$", (ROOT / "Dockerfile").read_text())
    assert not any("TRUSTED_NETWORKS" in line for line in instructions)


def test_image_contains_every_package() -> None:
    included = set(re.findall(r"(?m)^!(\S+)$", (ROOT / ".dockerignore").read_text()))
    assert included >= {*PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"], "requirements.lock"}
