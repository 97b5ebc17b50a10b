"""Backends: found as anybody's, chosen by the settings, refused with a remedy."""

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

HERE = Driver("here", "sys", "acme-here")
GONE = Driver("gone", "acme_driver_that_nobody_installed", "stockroom-acme[gone]")
LOST = Driver("lost", "acme_driver_that_nobody_installed_either", "acme-lost")


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
    """What a plugin says about its backend before anything is opened."""

    name: str = "acme"
    schemes: Sequence[str] = ("acme",)
    drivers: Sequence[Driver] = (HERE,)
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


def refusal(registry: Registry, url: str, **settings: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        registry.choose(settings_for(url, **settings))
    assert "\n" not in refused.value.detail
    return refused.value.detail


# Choosing


def test_the_scheme_chooses_the_backend() -> None:
    acme, other = Acme(), Acme("other", ("other", "others"))
    both = registry(acme, other)
    assert both.choose(settings_for("acme://x")) is acme
    assert both.choose(settings_for("other://x")) is other
    assert both.choose(settings_for("others://x")) is other
    assert both.choose(settings_for("acme+here://x")) is acme


def test_storage_backend_chooses_the_backend() -> None:
    acme = Acme(schemes=("acme", "plain"))
    assert registry(acme, Acme("other", ("other",))).choose(settings_for("plain://x", storage_backend="acme")) is acme


def test_an_unknown_scheme_is_refused_with_what_is_installed() -> None:
    said = refusal(registry(Acme(), Acme("other", ("other", "others"))), "oracle://user:hunter2@x")
    assert "'oracle'" in said
    assert "acme (acme://); other (other://, others://)" in said
    assert "Install a plugin" in said
    assert "hunter2" not in said


def test_an_unknown_backend_name_is_refused_with_what_is_installed() -> None:
    said = refusal(registry(Acme()), "acme://x", storage_backend="oracle")
    assert "STORAGE_BACKEND" in said
    assert "'oracle'" in said
    assert "acme (acme://)" in said


def test_nothing_installed_is_said_so() -> None:
    assert "Installed backends: none." in refusal(Registry(), "acme://x")


@pytest.mark.parametrize("url", ["", "shop.db", "acme:/x", "acme"])
def test_what_is_no_url_is_refused_with_an_example(url: str) -> None:
    said = refusal(registry(Acme()), url)
    assert "DATABASE_URL is not a URL" in said
    assert "sqlite:///" in said


def test_a_name_that_contradicts_the_url_is_refused_with_an_example() -> None:
    said = refusal(registry(Acme(), Acme("other", ("other",))), "other://user:hunter2@x", storage_backend="acme")
    assert "STORAGE_BACKEND is 'acme'" in said
    assert "'other'" in said
    assert "acme://localhost/shop" in said
    assert "hunter2" not in said


# Drivers


def test_any_installed_driver_will_do() -> None:
    acme = Acme(drivers=(GONE, HERE))
    assert registry(acme).choose(settings_for("acme://x")) is acme


def test_a_missing_driver_is_refused_with_what_to_install() -> None:
    said = refusal(registry(Acme(drivers=(GONE, LOST))), "acme://x")
    assert "No driver for acme is installed" in said
    assert "installed: none" in said
    assert "pip install 'stockroom-acme[gone]' or 'acme-lost'" in said


def test_a_missing_driver_that_the_url_asks_for_is_refused_with_those_installed() -> None:
    said = refusal(registry(Acme(drivers=(GONE, HERE))), "acme+gone://x")
    assert "by the name 'gone'" in said
    assert "installed: here" in said
    assert said.endswith("pip install 'stockroom-acme[gone]'")


def test_an_unknown_driver_is_refused_with_those_known() -> None:
    said = refusal(registry(Acme(drivers=(GONE, HERE))), "acme+telepathy://x")
    assert "'telepathy'" in said
    assert "Known: gone, here." in said


# Two that want to be one


def test_two_plugins_that_claim_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="Two plugins claim the backend name 'acme'"):
        registry(Acme(), Acme(schemes=("else",)))


def test_two_plugins_that_claim_one_scheme_are_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match="'acme' and 'rival' both claim the URL scheme 'acme'"):
        registry(Acme(), Acme("rival", ("rival", "acme")))


# Discovery, with distributions as strangers make them

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
    """Builds a distribution of one plugin and installs it where this test alone finds it."""
    target = tmp_path / "site-packages"
    target.mkdir()
    monkeypatch.syspath_prepend(target)

    def put(name: str, plugin: str) -> None:
        folder = tmp_path / name
        package = folder / f"stockroom_{name}"
        package.mkdir(parents=True)
        (folder / "pyproject.toml").write_text(PYPROJECT.format(name=name))
        (package / "__init__.py").touch()
        (package / "plugin.py").write_text(plugin)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command = [*pip, "--no-index", "--no-build-isolation", "--no-compile", "--target", str(target), str(folder)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    return put


def test_a_strangers_plugin_is_found_beside_ours(install: Install) -> None:
    ours = set(discover().by_name)
    install("ajax", PLUGIN.format(name="ajax", backend="ajax", scheme="ajax"))
    found = discover()
    assert set(found.by_name) == ours | {"ajax"}
    assert found.choose(settings_for("ajax://localhost/shop")) is found.by_name["ajax"]


def test_a_strangers_plugin_that_claims_our_scheme_is_refused(install: Install) -> None:
    scheme = load(_env_file=None, database_url="sqlite:///x").url.partition(":")[0]
    install("brutus", PLUGIN.format(name="brutus", backend="brutus", scheme=scheme))
    with pytest.raises(
        ConfigurationError, match=f"'brutus'.*both claim the URL scheme '{scheme}'|'{scheme}'.*'brutus'"
    ):
        discover()


@pytest.mark.parametrize(
    ("name", "plugin", "said"),
    [
        ("cassius", "import acme_library_that_is_not_there", "ModuleNotFoundError"),
        ("cinna", "def half(:", "SyntaxError"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_refused_by_name(install: Install, name: str, plugin: str, said: str) -> None:
    install(name, plugin)
    with pytest.raises(ConfigurationError) as refused:
        discover()
    assert f"The plugin '{name}' (stockroom_{name}.plugin) cannot be loaded: {said}" in refused.value.detail
    assert "Repair or uninstall it." in refused.value.detail


def test_ours_are_found_by_their_entry_points_alone() -> None:
    registry = discover()
    assert {"sqlite", "postgresql", "mysql", "mariadb"} <= set(registry.by_name)
    for name, backend in registry.by_name.items():
        assert backend.example_url.partition("://")[0].partition("+")[0] in backend.schemes, name
        assert backend.drivers or backend.capabilities.embedded, name
