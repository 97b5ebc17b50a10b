"""``stockroom backends``."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from core.plugins import discover
from core.storage import CAPABILITY_INFO, Backend
from core.storage.capabilities import CapabilityKind

_KINDS = {
    CapabilityKind.OPERATION: "Operations: what is not declared is refused with `Unsupported`",
    CapabilityKind.VALUE: "Values: a storage behaves exactly as it declares",
    CapabilityKind.GUARANTEE: "Guarantees: what is not declared must not be counted on",
}


def backends(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say what each capability means.")] = False,
) -> None:
    """List the installed backends: URL schemes, drivers, capabilities."""
    described = [describe(backend) for backend in discover().by_name.values()]
    if as_json:
        typer.echo(json.dumps(described, indent=2))
    elif explain:
        typer.echo(explained(), nl=False)
    else:
        console = Console()
        console.print(tabulate(described))
        console.print(compare(described))
        console.print(
            f"All of them must have {', '.join(name for name, axis in CAPABILITY_INFO.items() if axis.mandatory)}."
        )


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
    table = Table("backend", "schemes", "drivers")
    for backend in described:
        table.add_row(
            backend["name"],
            "\n".join(f"{scheme}://" for scheme in backend["schemes"]),
            "\n".join(map(_driver, backend["drivers"])),
            end_section=True,
        )
    return table


def compare(described: list[dict[str, Any]]) -> Table:
    """A row per capability that is not mandatory, a column per backend."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("capabilities", no_wrap=True)
    for backend in described:
        table.add_column(backend["name"])
    for name, axis in CAPABILITY_INFO.items():
        if not axis.mandatory:
            table.add_row(name, *(told(backend["capabilities"][name]) for backend in described))
    return table


def told(value: int | None) -> str:
    """A declared value in a word."""
    return str(value) if type(value) is int else "yes" if value else "no"


def explained() -> str:
    """Every axis and what it means, as Markdown."""
    parts = []
    for kind, title in _KINDS.items():
        rows = [_row(name, axis.meaning, axis.mandatory) for name, axis in CAPABILITY_INFO.items() if axis.kind is kind]
        parts.append("".join([f"## {title}\n\n", "| axis | meaning |\n| --- | --- |\n", *rows]))
    return "\n".join(parts)


def _row(name: str, meaning: str, mandatory: bool) -> str:
    return f"| `{name}` | {'**Mandatory.** ' if mandatory else ''}{meaning} |\n"


def _driver(driver: dict[str, Any]) -> str:
    return f"{driver['name']}: {'installed' if driver['installed'] else 'pip install ' + driver['requirement']}"
