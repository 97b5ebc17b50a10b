"""Backends: discovered by entry points, chosen by the settings, refused with a remedy."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.defaults import settings_for
from core.errors import ConfigurationError
from core.plugins import Registry, discover
from core.settings import Settings, load
from core.storage import Capabilities, Driver, Migrations, Storage

INSTALLED = Driver("here", "sys", "acme-here")
MISSING = Driver("gone", "acme_driver_that_is_not_installed", "stockroom-acme[gone]")
ALSO_MISSING = Driver("lost", "acme_other_driver_that_is_not_installed", "acme-lost")


ALL = Capabilities(
    savepoints=True,
    downgrades=True,
    offline_migrations=True,
    reports_size=True,
    embedded=False,
    pooled=True,
    max_writers=None,
    blocking_locks=True,
    id_block=1,
    durable=True,
    shared=True,
    repeatable_reads=True,
    serializable=True,
    concurrent_reads=True,
)


@dataclass(frozen=True)
class Acme:
    """The declarations of a backend that is never opened."""

    name: str = "acme"
    schemes: Sequence[str] = ("acme",)
    drivers: Sequence[Driver] = (INSTALLED,)
    capabilities: Capabilities = ALL
    example_url: str = "acme://localhost/shop"

    async def open(self, settings: Settings) -> Storage:
        raise NotImplementedError

    def migrations(self, settings: Settings) -> Migrations:
        raise NotImplementedError


def registry(*backends: Acme) -> Registry:
    made = Registry()
    for backend in backends:
        made.register(backend)
    return made


def refuse(registry: Registry, url: str, **settings: str) -> str:
    with pytest.raises(ConfigurationError) as error:
        registry.choose(settings_for(url, **settings))
    assert "\n" not in error.value.detail
    return error.value.detail


# Choosing


def test_scheme_chooses_the_backend() -> None:
    acme, other = Acme(), Acme("other", ("other", "others"))
    both = registry(acme, other)
    assert both.choose(settings_for("acme://x")) is acme
    assert both.choose(settings_for("other://x")) is other
    assert both.choose(settings_for("others://x")) is other
    assert both.choose(settings_for("acme+here://x")) is acme


def test_storage_backend_chooses_the_backend() -> None:
    acme = Acme(schemes=("acme", "plain"))
    assert registry(acme, Acme("other", ("other",))).choose(settings_for("plain://x", storage_backend="acme")) is acme


def test_unknown_scheme_lists_the_installed_backends() -> None:
    message = refuse(registry(Acme(), Acme("other", ("other", "others"))), "oracle://user:hunter2@x")
    assert "'oracle'" in message
    assert "acme (acme://); other (other://, others://)" in message
    assert "Install a plugin" in message
    assert "hunter2" not in message


def test_unknown_name_lists_the_installed_backends() -> None:
    message = refuse(registry(Acme()), "acme://x", storage_backend="oracle")
    assert "STORAGE_BACKEND" in message
    assert "'oracle'" in message
    assert "acme (acme://)" in message


def test_no_installed_backend_is_reported() -> None:
    assert "Installed backends: none." in refuse(Registry(), "acme://x")


@pytest.mark.parametrize("url", ["", "shop.db", "acme:/x", "acme"])
def test_invalid_url_is_refused_with_an_example(url: str) -> None:
    message = refuse(registry(Acme()), url)
    assert "DATABASE_URL is not a URL" in message
    assert "sqlite:///" in message


def test_name_that_contradicts_the_url_is_refused() -> None:
    message = refuse(registry(Acme(), Acme("other", ("other",))), "other://user:hunter2@x", storage_backend="acme")
    assert "STORAGE_BACKEND is 'acme'" in message
    assert "'other'" in message
    assert "acme://localhost/shop" in message
    assert "hunter2" not in message


# Drivers


def test_any_installed_driver_is_accepted() -> None:
    acme = Acme(drivers=(MISSING, INSTALLED))
    assert registry(acme).choose(settings_for("acme://x")) is acme


def test_missing_driver_names_what_to_install() -> None:
    message = refuse(registry(Acme(drivers=(MISSING, ALSO_MISSING))), "acme://x")
    assert "No driver for acme is installed" in message
    assert "installed: none" in message
    assert "pip install 'stockroom-acme[gone]' or 'acme-lost'" in message


def test_missing_driver_in_url_lists_the_installed() -> None:
    message = refuse(registry(Acme(drivers=(MISSING, INSTALLED))), "acme+gone://x")
    assert "by the name 'gone'" in message
    assert "installed: here" in message
    assert message.endswith("pip install 'stockroom-acme[gone]'")


def test_unknown_driver_lists_the_known() -> None:
    message = refuse(registry(Acme(drivers=(MISSING, INSTALLED))), "acme+telepathy://x")
    assert "'telepathy'" in message
    assert "Known: gone, here." in message


# Conflicts


def test_duplicate_backend_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Two plugins claim the backend name 'acme'"):
        registry(Acme(), Acme(schemes=("else",)))


def test_duplicate_scheme_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'acme' and 'rival' both claim the URL scheme 'acme'"):
        registry(Acme(), Acme("rival", ("rival", "acme")))


# Discovery, with distributions built outside this repository

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "stockroom-{name}"
version = "1.2.3"

[project.entry-points.stockroom]
{name} = "stockroom_{name}.plugin"

[tool.hatch.build.targets.wheel]
packages = ["stockroom_{name}"]
"""

PLUGIN = """
from core.plugins import hookimpl
from core.storage import Capabilities, Driver


class Backend:
    name = "{backend}"
    schemes = ["{scheme}"]
    drivers = [Driver("{name}", "sys", "{name}-driver")]
    capabilities = Capabilities(
        savepoints=True,
        downgrades=True,
        offline_migrations=True,
        reports_size=True,
        embedded=False,
        pooled=True,
        max_writers=None,
        blocking_locks=True,
        id_block=1,
        durable=True,
        shared=True,
        repeatable_reads=True,
        serializable=True,
        concurrent_reads=True,
    )
    example_url = "{scheme}://localhost/shop"


@hookimpl
def stockroom_backends():
    return [Backend()]
"""

Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Builds a distribution of one plugin, and installs it on the path of this test only."""
    target = tmp_path / "site-packages"
    target.mkdir()
    monkeypatch.syspath_prepend(target)

    def build_and_install(name: str, plugin: str) -> None:
        folder = tmp_path / name
        package = folder / f"stockroom_{name}"
        package.mkdir(parents=True)
        (folder / "pyproject.toml").write_text(PYPROJECT.format(name=name))
        (package / "__init__.py").touch()
        (package / "plugin.py").write_text(plugin)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command = [*pip, "--no-index", "--no-build-isolation", "--no-compile", "--target", str(target), str(folder)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    return build_and_install


def test_external_plugin_is_discovered(install: Install) -> None:
    ours = set(discover().by_name)
    install("ajax", PLUGIN.format(name="ajax", backend="ajax", scheme="ajax"))
    found = discover()
    assert set(found.by_name) == ours | {"ajax"}
    assert found.choose(settings_for("ajax://localhost/shop")) is found.by_name["ajax"]


def test_external_plugin_with_taken_scheme_is_refused(install: Install) -> None:
    scheme = load(_env_file=None, database_url="sqlite:///x").url.partition(":")[0]
    install("brutus", PLUGIN.format(name="brutus", backend="brutus", scheme=scheme))
    with pytest.raises(
        ConfigurationError, match=f"'brutus'.*both claim the URL scheme '{scheme}'|'{scheme}'.*'brutus'"
    ):
        discover()


@pytest.mark.parametrize(
    ("name", "plugin", "message"),
    [
        ("cassius", "import acme_library_that_is_not_there", "ModuleNotFoundError"),
        ("cinna", "def half(:", "SyntaxError"),
    ],
)
def test_plugin_that_fails_to_load_is_named(install: Install, name: str, plugin: str, message: str) -> None:
    install(name, plugin)
    with pytest.raises(ConfigurationError) as error:
        discover()
    assert f"The plugin '{name}' (stockroom_{name}.plugin) cannot be loaded: {message}" in error.value.detail
    assert "Repair or uninstall it." in error.value.detail


def test_own_backends_are_found_by_entry_points() -> None:
    registry = discover()
    assert {"sqlite", "postgresql", "mysql", "mariadb"} <= set(registry.by_name)
    for name, backend in registry.by_name.items():
        assert backend.example_url.partition("://")[0].partition("+")[0] in backend.schemes, name
        assert backend.drivers or backend.capabilities.embedded, name
