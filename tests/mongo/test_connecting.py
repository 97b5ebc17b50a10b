"""Why a MongoDB server cannot be used is told apart."""

import asyncio
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from conformance.defaults import settings_for
from core.errors import ConfigurationError
from core.plugins import Registry
from tests.harness.certificates import write_certificates
from tests.harness.run_directory import RunDirectory
from tests.mongo.deployment import SET, initiate, start_node

pytestmark = pytest.mark.only("mongodb")

FAST = "serverSelectionTimeoutMS=1000"


async def refusal(registry: Registry, url: str) -> str:
    """What a storage that cannot be opened says."""
    settings = settings_for(url)
    with pytest.raises(ConfigurationError) as refused:
        await registry.choose(settings).open(settings)
    return refused.value.detail


def with_login(url: str, login: str, *parameters: str) -> str:
    parts = urlsplit(url)
    netloc = f"{login}@{parts.netloc.rpartition('@')[2]}"
    return parts._replace(netloc=netloc, query="&".join(filter(None, [parts.query, *parameters]))).geturl()


async def test_wrong_password_is_explained(database_url: str, registry: Registry) -> None:
    said = await refusal(registry, with_login(database_url, "stockroom:wrong-4711", FAST))
    assert "refused the user or password" in said
    assert "4711" not in said


async def test_wrong_replica_set_is_explained(database_url: str, registry: Registry) -> None:
    said = await refusal(registry, f"{database_url.replace(f'={SET}', '=another')}&{FAST}")
    assert "belong to another replica set" in said


async def test_closed_port_is_explained(registry: Registry, database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    said = await refusal(registry, f"mongodb://127.0.0.1:{port}/shop?{FAST}")
    assert f"no server listens at 127.0.0.1:{port}" in said


async def test_unknown_host_is_explained(registry: Registry, database_url: str) -> None:
    said = await refusal(registry, f"mongodb://nowhere.invalid/shop?{FAST}")
    assert "no address is known for the host at nowhere.invalid:27017" in said


@pytest.mark.parametrize("option", ["replicaset_name=rs0", "sslmode=require", "tlsCAFile=/nowhere", "w=-5"])
async def test_unusable_parameter_is_named(registry: Registry, database_url: str, option: str) -> None:
    said = await refusal(registry, f"{database_url}&{option}")
    assert f"no parameter '{option.partition('=')[0]}', or not with this value" in said


async def test_missing_rights_are_named(database_url: str, registry: Registry) -> None:
    settings = settings_for(database_url)
    storage = await registry.choose(settings).open(settings)
    assert list(await storage.missing_rights()) == []
    await storage.close()


@pytest.fixture(scope="module")
def certified(mongod: Path, site: RunDirectory) -> tuple[str, Path]:
    """The URL of a replica set that demands TLS, and the folder of its certificates."""
    folder = site.make_folder("certificates")
    write_certificates(folder)
    tls = ("--tlsMode=preferTLS", f"--tlsCertificateKeyFile={folder}/server.pem", f"--tlsCAFile={folder}/ca.pem")

    async def start() -> str:
        node = await start_node(site, mongod, *tls, "--tlsAllowConnectionsWithoutCertificates")
        return await initiate(node)

    return asyncio.run(start()), folder


@pytest.mark.thorough
async def test_untrusted_certificate_is_explained(
    certified: tuple[str, Path], registry: Registry, tmp_path: Path
) -> None:
    url, folder = certified
    write_certificates(tmp_path)
    settings = settings_for(f"{url}&tls=true&tlsCAFile={folder}/ca.pem")
    storage = await registry.choose(settings).open(settings)
    await storage.ping()
    await storage.close()
    said = await refusal(registry, f"{url}&tls=true&tlsCAFile={tmp_path}/ca.pem&{FAST}")
    assert "is not trusted" in said
