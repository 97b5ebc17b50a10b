"""Reads a plan from the command line and from ``compare.toml``."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from compare.plan import Plan
from core.errors import ConfigurationError

DEFAULT_FILE = Path("compare.toml")
"""Read where no storage is named on the command line."""

OPTIONS = {"workloads": "--workload", "rates": "--rate", "storages": "storages"}
"""What the command line calls the fields of a plan that are not options of the same name."""

PlanFields = Mapping[str, Any]


def load_plan(urls: Sequence[str], file: Path | None, options: PlanFields) -> Plan:
    """A plan from ``file``, or from ``compare.toml`` where no URL is given; ``options`` win over the file.

    Raises:
        ConfigurationError: the plan is not valid; names the option or the setting.
    """
    given = _read(file or DEFAULT_FILE) if file or (not urls and DEFAULT_FILE.exists()) else {}
    from_file = {key: value for key, value in given.items() if key not in options}
    if urls:
        from_file["storages"] = name_storages(urls)
    try:
        return Plan.model_validate({"storages": [], **from_file, **options})
    except ValidationError as error:
        names = {key: f"{key} in {file or DEFAULT_FILE}" for key in from_file if key != "storages"}
        raise ConfigurationError(_format_error(error, names)) from None


def name_storages(urls: Sequence[str]) -> list[dict[str, str]]:
    """Storages by URL; each is named by its scheme, with a number where the scheme is not unique."""
    storages: list[dict[str, str]] = []
    for url in urls:
        scheme = url.partition("://")[0].partition("?")[0][:30]
        taken = {storage["name"] for storage in storages}
        numbered = (f"{scheme} {number}" for number in range(2, len(urls) + 1))
        storages.append({"name": next(name for name in (scheme, *numbered) if name not in taken), "url": url})
    return storages


def _read(file: Path) -> dict[str, Any]:
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"--config: {file}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"--config: {file} is not TOML: {error}.") from None
    storages = given.get("storages", {})
    if not isinstance(storages, dict):
        raise ConfigurationError(f"storages in {file}: must be a table of names, each with a URL.")
    return given | {"storages": [_parse_storage(name, value, file) for name, value in storages.items()]}


def _parse_storage(name: str, value: Any, file: Path) -> dict[str, Any]:
    """A storage in the file: its URL, or a table with ``url`` and other settings."""
    settings = {"url": value} if isinstance(value, str) else dict(value) if isinstance(value, dict) else {}
    url = settings.pop("url", None)
    if not isinstance(url, str):
        raise ConfigurationError(f"storages.{name} in {file}: must be a URL, or a table with a url.")
    return {"name": name, "url": url, "settings": settings}


def _format_error(error: ValidationError, names: Mapping[str, str]) -> str:
    """The first error, in a line that names what to change; never the value, which may hold a password."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return f"{message}."
    key = str(first["loc"][0])
    if key == "storages" and first["type"] == "too_short":
        return "storages: name two or more, by URL or in compare.toml."
    return f"{names.get(key, OPTIONS.get(key, f'--{key}'))}: {message}."
