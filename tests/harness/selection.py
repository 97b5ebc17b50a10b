"""The storages that a run is about, from the command line."""

import pytest

from tests.harness.server import KINDS


def select_storages(storage: str, require: str) -> tuple[list[str], list[str]]:
    """The names that ``--storage`` selects, and those of ``--require``.

    Raises:
        UsageError: a name is unknown, or required and not selected.
    """
    selected = _parse_names(storage, "--storage")
    required = _parse_names(require, "--require")
    if excluded := [name for name in required if name not in selected]:
        raise pytest.UsageError(f"--require names {', '.join(excluded)}, which --storage leaves out")
    return selected, required


def _parse_names(text: str, option: str) -> list[str]:
    names = [part.strip() for part in text.split(",") if part.strip()]
    if names in (["all"], ["embedded"]):
        return [name for name, kind in KINDS.items() if kind.embedded or names == ["all"]]
    if unknown := [name for name in names if name not in KINDS]:
        raise pytest.UsageError(f"{option}: unknown {', '.join(unknown)}; known are {', '.join(KINDS)}, all, embedded")
    return names
