"""``stockroom backends``."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from core.plugins import discover
from core.storage import Backend


def backends(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the installed backends: URL schemes, drivers, capabilities."""
    described = [describe(backend) for backend in discover().by_name.values()]
    if as_json:
        typer.echo(json.dumps(described, indent=2))
    else:
        Console().print(tabulate(described))


def describe(backend: Backend) -> dict[str, Any]:
    """A backend as plain data."""
    return {
        "name": backend.name,
        "schemes": list(backend.schemes),
        "drivers": [
            {"name": driver.name, "installed": driver.installed, "requirement": driver.requirement}
            for driver in backend.drivers
        ],
        "capabilities": asdict(backend.capabilities),
        "example_url": backend.example_url,
    }


def tabulate(described: list[dict[str, Any]]) -> Table:
    """A row per backend."""
    table = Table("backend", "schemes", "drivers", "capabilities")
    for backend in described:
        table.add_row(
            backend["name"],
            "\n".join(f"{scheme}://" for scheme in backend["schemes"]),
            "\n".join(map(_driver, backend["drivers"])),
            "\n".join(f"{'yes' if able else 'no':3} {name}" for name, able in backend["capabilities"].items()),
            end_section=True,
        )
    return table


def _driver(driver: dict[str, Any]) -> str:
    return f"{driver['name']}: {'installed' if driver['installed'] else 'pip install ' + driver['requirement']}"
