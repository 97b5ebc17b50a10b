"""The parameters of a MySQL or MariaDB URL: the words of their clients, with ``-`` or ``_``."""

import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from backends.sql.address import ConnectOptions, choose, existing_file, refuse_unknown, seconds
from backends.sql.dialects.mysql.drivers import MySQLAdapter
from core.errors import ConfigurationError

_MODES = ("DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")
_SWITCHES = {
    "ssl": "REQUIRED",
    "tls": "REQUIRED",
    "ssl_verify_cert": "VERIFY_CA",
    "ssl_verify_server_cert": "VERIFY_IDENTITY",
    "ssl_verify_identity": "VERIFY_IDENTITY",
}
_TRUE, _FALSE = ("true", "1", "on", "yes"), ("false", "0", "off", "no")
_FILES = ("ssl_ca", "ssl_cert", "ssl_key")
_KNOWN = ("ssl_mode", *_SWITCHES, *_FILES, "unix_socket", "connect_timeout", "charset")

READ_ONLY = 1290
NO_TLS = 2026

_CIPHER = "SHOW SESSION STATUS LIKE 'Ssl_cipher'"
_READ_ONLY_VARIABLES = "SELECT @@global.read_only, @@global.innodb_read_only"
_IS_OF_CLUSTER = "SHOW GLOBAL VARIABLES LIKE 'wsrep_on'"
_IS_IN_CLUSTER = "SHOW GLOBAL STATUS LIKE 'wsrep_ready'"


class UnsuitableServer(ConnectionError):
    """The server is not what the URL asks for. Its first argument is the code that MySQL's own client has for it."""


def read_parameters(given: Mapping[str, str], *, has_several_hosts: bool) -> ConnectOptions:
    """What they ask for. Of several hosts, one that can be written to is used.

    Raises:
        ConfigurationError: one is unknown, or its value is of no use.
    """
    given = {name.lower().replace("-", "_"): value for name, value in given.items()}
    refuse_unknown(given, _KNOWN, "MySQL or MariaDB")
    choose(given, "charset", ("utf8mb4",))
    mode = _mode(given)
    arguments: dict[str, Any] = {} if mode == "DISABLED" else {"ssl": _context(mode, given)}
    if "unix_socket" in given:
        arguments["unix_socket"] = given["unix_socket"]
    verify = _verifier(mode != "DISABLED", has_several_hosts)
    return ConnectOptions(arguments, seconds(given, "connect_timeout"), verify)


def _mode(given: Mapping[str, str]) -> str:
    """The strictest mode that is asked for; certificates to trust ask for their use."""
    asked = ["VERIFY_CA"] if "ssl_ca" in given else ["DISABLED"]
    if "ssl_mode" in given:
        asked = [choose({"ssl_mode": given["ssl_mode"].upper()}, "ssl_mode", _MODES)]
    for name, mode in _SWITCHES.items():
        if name in given and choose({name: given[name].lower()}, name, _TRUE + _FALSE) in _TRUE:
            asked.append(mode)
    return max(asked, key=_MODES.index)


def _context(mode: str, given: Mapping[str, str]) -> ssl.SSLContext:
    authorities, certificate, key = (existing_file(given, name) for name in _FILES)
    try:
        context = ssl.create_default_context(cafile=authorities)
        context.check_hostname = mode == "VERIFY_IDENTITY"
        context.verify_mode = ssl.CERT_REQUIRED if mode.startswith("VERIFY") else ssl.CERT_NONE
        if certificate:
            context.load_cert_chain(certificate, key)
    except ssl.SSLError:
        raise ConfigurationError("DATABASE_URL: ssl_ca, ssl_cert or ssl_key is not a file in PEM format.") from None
    return context


def _verifier(needs_tls: bool, needs_writes: bool) -> Callable[[Any], Awaitable[None]] | None:
    """Checks what the drivers do not: they go on without TLS where the server has none."""
    adapter = MySQLAdapter()

    async def verify(connection: Any) -> None:
        if needs_tls and not [row for row in await adapter.rows(connection, _CIPHER, ()) if row[1]]:
            raise UnsuitableServer(NO_TLS, "no TLS")
        if needs_writes and await _is_read_only(adapter, connection):
            raise UnsuitableServer(READ_ONLY, "read-only")

    return verify if needs_tls or needs_writes else None


async def _is_read_only(adapter: MySQLAdapter, connection: Any) -> bool:
    """Whether the server takes no writes; on Galera also where the node is outside its cluster."""
    [switches] = await adapter.rows(connection, _READ_ONLY_VARIABLES, ())
    if any(str(value) not in ("0", "OFF") for value in switches):
        return True
    is_galera = [row for row in await adapter.rows(connection, _IS_OF_CLUSTER, ()) if row[1] == "ON"]
    return bool(is_galera) and [row[1] for row in await adapter.rows(connection, _IS_IN_CLUSTER, ())] != ["ON"]
