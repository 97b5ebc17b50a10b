"""From what was asked for, on the command line or in ``compare.toml``, to a plan."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from compare.plan import Plan
from core.errors import ConfigurationError

FILE = Path("compare.toml")
"""What is read where no storage is named."""

OPTIONS = {"workloads": "--workload", "rates": "--rate", "servers": "--servers", "contenders": "storages"}
"""How the command calls what the plan calls otherwise."""

Choices = Mapping[str, Any]
"""Fields of a plan."""


def plan(urls: Sequence[str], file: Path | None, chosen: Choices) -> Plan:
    """What to do: as in ``file``, or else ``compare.toml`` where no URL is given; ``chosen`` fields win.

    Raises:
        ConfigurationError: it cannot be done; names the option or the setting.
    """
    given = _read(file or FILE) if file or (not urls and FILE.exists()) else {}
    written = {key: value for key, value in given.items() if key not in chosen}
    if urls:
        written["contenders"] = named(urls)
    try:
        return Plan.model_validate({"contenders": [], **written, **chosen})
    except ValidationError as error:
        names = {key: f"{key} in {file or FILE}" for key in written if key != "contenders"}
        raise ConfigurationError(_problem(error, names)) from None


def named(urls: Sequence[str]) -> list[dict[str, str]]:
    """Storages by URL; each named by its scheme, and numbered where that is not enough."""
    contenders: list[dict[str, str]] = []
    for url in urls:
        scheme = url.partition("://")[0].partition("?")[0][:30]
        taken = {contender["name"] for contender in contenders}
        numbered = (f"{scheme} {number}" for number in range(2, len(urls) + 1))
        contenders.append({"name": next(name for name in (scheme, *numbered) if name not in taken), "url": url})
    return contenders


def _read(file: Path) -> dict[str, Any]:
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"--config: {file}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"--config: {file} is not TOML: {error}.") from None
    storages = given.pop("storages", {})
    if not isinstance(storages, dict) or "contenders" in given:
        raise ConfigurationError(f"storages in {file}: must be a table of names, each with a URL.")
    return given | {"contenders": [_contender(name, told, file) for name, told in storages.items()]}


def _contender(name: str, told: Any, file: Path) -> dict[str, Any]:
    """A storage in the file: its URL, or a table with ``url`` and other settings."""
    settings = {"url": told} if isinstance(told, str) else dict(told) if isinstance(told, dict) else {}
    url = settings.pop("url", None)
    if not isinstance(url, str):
        raise ConfigurationError(f"storages.{name} in {file}: must be a URL, or a table with a url.")
    return {"name": name, "url": url, "settings": settings}


def _problem(error: ValidationError, names: Mapping[str, str]) -> str:
    """The first problem, in a line that names what to change; never the value, which may hold a password."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return f"{message}."
    key = str(first["loc"][0])
    if key == "contenders" and first["type"] == "too_short":
        return "storages: name two or more, by URL or in compare.toml."
    return f"{names.get(key, OPTIONS.get(key, f'--{key}'))}: {message}."
