"""Where a database is: the hosts of its URL, and what the URL says about connecting to them."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, make_url

from core.errors import ConfigurationError

Host = tuple[str | None, int | None]
"""A name, an address or the path of a socket, and a port; None for the driver's default."""

_SEVERAL_HOSTS = re.compile(
    r"(?P<before>[^:/?#]+://([^@/?#]*@)?)(?P<hosts>[^/?#@]*,[^/?#@]*)(?P<after>([/?#].*)?)", re.DOTALL
)
_HOST = re.compile(r"(?:\[(?P<address>[^\]]*)\]|(?P<name>/.*|[^:]*))(?::(?P<port>\d+))?")


@dataclass(frozen=True, slots=True)
class ConnectOptions:
    """What the parameters of a URL ask for.

    Attributes:
        arguments: of the driver's function that connects; a mapping is merged with the dialect's own.
        timeout: seconds for a connection to one host, login included; None for the usual.
        verify: raises an error where a new connection is not what was asked for. Its argument is the driver's
            connection.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)
    timeout: float | None = None
    verify: Callable[[Any], Awaitable[None]] | None = None


def parse_url(given: str) -> URL:
    """A URL as SQLAlchemy has it: several hosts, as in ``h1:5432,h2:5432``, are parameters named ``host``.

    Raises:
        ArgumentError, ValueError: it is no URL.
    """
    if match := _SEVERAL_HOSTS.fullmatch(given):
        hosts = "&".join(f"host={quote(host, safe='')}" for host in match["hosts"].split(","))
        separator = "&" if "?" in match["after"] else "?"
        given = f"{match['before']}{match['after']}{separator}{hosts}"
    return make_url(given)


def hosts_of(url: URL) -> Sequence[Host]:
    """The hosts of a URL, in its order.

    Raises:
        ConfigurationError: a port is not a number.
    """
    given = url.query.get("host", ())
    names = [name for entry in ([given] if isinstance(given, str) else given) for name in entry.split(",")]
    return [_parse_host(name, url.port) for name in names] or [(url.host, url.port)]


def _parse_host(given: str, port: int | None) -> Host:
    match = _HOST.fullmatch(given)
    if match is None or not given:
        raise ConfigurationError("DATABASE_URL: each host is written as in db1.example:5432,db2.example:5432.")
    return match["address"] or match["name"], int(match["port"]) if match["port"] else port


def format_hosts(url: URL) -> str:
    """The hosts of a URL, for messages."""
    return ", ".join(map(_format_host, hosts_of(url)))


def _format_host(host: Host) -> str:
    name, port = host
    if name and name.startswith("/"):
        return name
    shown = f"[{name}]" if name and ":" in name else name
    return f"{shown or 'localhost'}:{port or 'the default port'}"


def parameters_of(url: URL) -> Mapping[str, str]:
    """The parameters of a URL but its hosts.

    Raises:
        ConfigurationError: one is given twice.
    """
    given = {name: value for name, value in url.query.items() if name != "host"}
    if repeated := [name for name, value in given.items() if not isinstance(value, str)]:
        raise ConfigurationError(f"DATABASE_URL gives the parameter {repeated[0]!r} more than once.")
    return {name: str(value) for name, value in given.items()}


def refuse_unknown(given: Mapping[str, str], known: Sequence[str], title: str) -> None:
    """Check the names of parameters.

    Raises:
        ConfigurationError: one is unknown; names it.
    """
    if unknown := [name for name in given if name not in known]:
        raise ConfigurationError(
            f"DATABASE_URL: {title} has no parameter {unknown[0]!r} here. Known: {', '.join(known)}. "
            "See docs/connecting.md."
        )


def choose(given: Mapping[str, str], name: str, known: Sequence[str], default: str = "") -> str:
    """The value of a parameter that has a fixed choice.

    Raises:
        ConfigurationError: it is none of them.
    """
    value = given.get(name, default)
    if value != default and value not in known:
        raise ConfigurationError(f"DATABASE_URL: {name} must be one of {', '.join(known)}.")
    return value


def existing_file(given: Mapping[str, str], name: str) -> str | None:
    """The path in a parameter, if it is given.

    Raises:
        ConfigurationError: there is no such file.
    """
    path = given.get(name)
    if path and not Path(path).is_file():
        raise ConfigurationError(f"DATABASE_URL: {name} names a file that is not there or cannot be read.")
    return path


def seconds(given: Mapping[str, str], name: str) -> float | None:
    """The number of seconds in a parameter, if it is given.

    Raises:
        ConfigurationError: it is no whole number from 1 to 60.
    """
    value = given.get(name)
    if value is None:
        return None
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 60:
        raise ConfigurationError(f"DATABASE_URL: {name} must be a whole number of seconds from 1 to 60.")
    return float(value)
