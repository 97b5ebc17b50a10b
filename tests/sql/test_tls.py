"""TLS by the words of libpq and of MySQL's clients, on a server with a certificate of the test's own."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.defaults import settings_for
from core.errors import ConfigurationError
from core.plugins import Registry
from tests.harness.certificates import write_certificates
from tests.harness.databases import Databases
from tests.harness.kind import Absent, ServerKind
from tests.harness.run_directory import RunDirectory
from tests.sql.accounts import at
from tests.sql.external_client import SERVERS
from tests.sql.server import OwnServer

pytestmark = [pytest.mark.only(*SERVERS), pytest.mark.thorough]

_OPTIONS = {
    "postgresql": ("--ssl=on", "--ssl_cert_file={}/cert.pem", "--ssl_key_file={}/key.pem"),
    "mysql": ("--ssl-ca={}/ca.pem", "--ssl-cert={}/cert.pem", "--ssl-key={}/key.pem"),
}
_WORDS = {
    "postgresql": ("sslmode=require", "sslmode=verify-full", "sslrootcert"),
    "mysql": ("ssl-mode=REQUIRED", "ssl-mode=VERIFY_IDENTITY", "ssl-ca"),
}


def family(name: str) -> str:
    """MariaDB has MySQL's words."""
    return "mysql" if name == "mariadb" else name


@pytest.fixture(scope="module")
def certificates(conformance_target: Databases) -> Iterator[Path]:
    """A folder with certificates that the server can read."""
    site = RunDirectory.new()
    folder = site.make_folder("certificates")
    write_certificates(folder)
    for file in folder.iterdir():
        file.chmod(0o600)
        kind = conformance_target.server.kind
        if isinstance(kind, ServerKind) and kind.user:
            shutil.chown(file, kind.user)
    yield folder
    site.stop()


@pytest.fixture(scope="module")
def server(conformance_target: Databases, certificates: Path) -> Iterator[OwnServer]:
    """A server that offers TLS."""
    kind, site = conformance_target.server.kind, RunDirectory.new()
    assert isinstance(kind, ServerKind)
    options = [option.format(certificates) for option in _OPTIONS[family(kind.name)]]
    try:
        server = asyncio.run(OwnServer.set_up(kind, site, "", *options))
        asyncio.run(server.start())
        yield server
    except Absent as reason:
        pytest.skip(str(reason))
    finally:
        site.stop()


@pytest.fixture
async def url(server: OwnServer, registry: Registry) -> str:
    """A database on it, without parameters."""
    return await server.database(registry)


async def open_with(registry: Registry, url: str, *parameters: str) -> None:
    """Open a storage and close it."""
    settings = settings_for(f"{url}?{'&'.join(parameters)}")
    storage = await registry.choose(settings).open(settings)
    await storage.ping()
    await storage.close()


async def test_trusted_certificate_is_accepted(url: str, certificates: Path, registry: Registry) -> None:
    required, verified, authority = _WORDS[family(url.partition(":")[0])]
    await open_with(registry, url, required)
    await open_with(registry, url, verified, f"{authority}={certificates}/ca.pem")


async def test_untrusted_certificate_is_explained(url: str, registry: Registry, tmp_path: Path) -> None:
    _, verified, authority = _WORDS[family(url.partition(":")[0])]
    write_certificates(tmp_path)
    with pytest.raises(ConfigurationError, match=r"the certificate of the server at 127\.0\.0\.1:\d+ is not trusted"):
        await open_with(registry, url, verified, f"{authority}={tmp_path}/ca.pem")


async def test_certificate_of_another_host_is_explained(url: str, certificates: Path, registry: Registry) -> None:
    _, verified, authority = _WORDS[family(url.partition(":")[0])]
    with pytest.raises(ConfigurationError, match=r"is not trusted: .*localhost"):
        await open_with(registry, at(url, hostname="localhost"), verified, f"{authority}={certificates}/ca.pem")


async def test_wrong_password_over_tls_is_explained(url: str, registry: Registry) -> None:
    required, _, _ = _WORDS[family(url.partition(":")[0])]
    with pytest.raises(ConfigurationError, match="the user name or the password is wrong"):
        await open_with(registry, at(url, password="wrong"), required)
