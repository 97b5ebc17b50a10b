"""What the tests of ``stockroom compare`` share."""

import asyncio

import pytest

from tests.harness.databases import Databases


@pytest.fixture
def blank_url(conformance_target: Databases) -> str:
    """A store without a schema. MongoDB has no accounts for databases of a prefix, so it is the administrator's."""
    url = asyncio.run(conformance_target.blank())
    kind = conformance_target.server.kind
    return kind.as_administrator(url) if kind.name == "mongodb" else url
