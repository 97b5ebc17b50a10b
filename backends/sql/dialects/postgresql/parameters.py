"""The parameters of a PostgreSQL URL: libpq's words."""

import ssl
from collections.abc import Mapping
from urllib.parse import urlencode

from backends.sql.address import ConnectOptions, choose, existing_file, refuse_unknown, seconds
from core.errors import ConfigurationError

_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
_PASSED_ON = (
    "sslmode",
    *_FILES,
    "sslpassword",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "sslnegotiation",
)
_SESSION = ("application_name", "options")
_NO_EFFECT = {"client_encoding": ("utf8", "UTF8", "auto"), "gssencmode": ("disable", "prefer")}
_TARGETS = ("any", "read-write", "primary")
_KNOWN = (*_PASSED_ON, "ssl", *_SESSION, "connect_timeout", "target_session_attrs", "channel_binding", *_NO_EFFECT)


def read_parameters(given: Mapping[str, str], *, has_several_hosts: bool) -> ConnectOptions:
    """What they ask for. Of several hosts, one that can be written to is used.

    Raises:
        ConfigurationError: one is unknown, or its value is of no use.
    """
    refuse_unknown(given, _KNOWN, "PostgreSQL")
    for name, values in _NO_EFFECT.items():
        choose(given, name, values)
    target = choose(given, "target_session_attrs", _TARGETS, "read-write" if has_several_hosts else "any")
    arguments = {"dsn": f"postgresql:///?{urlencode(_tls(given))}", "target_session_attrs": target}
    session = {name: given[name] for name in _SESSION if name in given}
    return ConnectOptions(
        arguments | ({"server_settings": session} if session else {}), seconds(given, "connect_timeout")
    )


def _tls(given: Mapping[str, str]) -> Mapping[str, str]:
    """What asyncpg understands itself, in a connection string."""
    if choose(given, "channel_binding", ("disable", "prefer", "require")) == "require":
        raise ConfigurationError(
            "DATABASE_URL: the driver asyncpg has no channel binding. Leave out channel_binding=require, and set "
            "sslmode=verify-full, which also excludes that another server answers."
        )
    mode = choose(given, "sslmode", _SSL_MODES) or choose(given, "ssl", _SSL_MODES)
    given = {**given, "sslmode": mode} if mode else given
    if given.get("sslrootcert") == "system":
        given = {**given, "sslrootcert": ssl.get_default_verify_paths().cafile or ""}
    for name in _FILES:
        existing_file(given, name)
    return {name: given[name] for name in _PASSED_ON if given.get(name)}
