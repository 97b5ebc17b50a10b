"""Accounts that a test creates on its server."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote, urlsplit

from tests.sql.external_client import ExternalClient

SERVING = ("SELECT", "INSERT", "UPDATE", "DELETE")


def at(url: str, **changes: str | int | None) -> str:
    """``url`` with another scheme, user, password, host, port or path."""
    parts = urlsplit(url)
    user, password, host, port = (
        changes.get(name, getattr(parts, name)) for name in ("username", "password", "hostname", "port")
    )
    netloc = f"{user}:{quote(str(password), safe='')}@{host}:{port}"
    return parts._replace(
        scheme=str(changes.get("scheme", parts.scheme)), netloc=netloc, path=str(changes.get("path", parts.path))
    ).geturl()


@asynccontextmanager
async def guest(
    external: ExternalClient, url: str, password: str, *rights: str, sequences: bool = False
) -> AsyncIterator[str]:
    """The URL of a user who may connect to a database, and has ``rights`` on its tables, or also its sequences."""
    name = f"guest_{secrets.token_hex(4)}"
    database = urlsplit(url).path.strip("/")
    if external.dialect.name == "postgresql":
        await external.run(f"CREATE USER {name} PASSWORD '{password.replace(chr(39), chr(39) * 2)}'")
        granted = [f"GRANT {right} ON ALL TABLES IN SCHEMA public TO {name}" for right in rights]
        granted += [f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}"] if sequences else []
        away = [f"DROP OWNED BY {name}", f"DROP USER {name}"]
    else:
        literal = password.replace("%", "%%").replace("'", "''")
        await external.run(f"CREATE USER {name} IDENTIFIED BY '{literal}'")
        granted = [f"GRANT {right} ON `{database}`.* TO {name}" for right in rights]
        away = [f"DROP USER {name}"]
    await external.run(*granted)
    yield at(url, username=name, password=password)
    await external.run(*away)
