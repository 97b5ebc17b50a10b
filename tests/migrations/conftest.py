"""What the tests of the SQL migrations share."""

import pytest

from backends.sql.migrations import SqlMigrations
from conformance.defaults import settings_for
from core.plugins import Registry


@pytest.fixture
def history(blank_url: str, registry: Registry) -> SqlMigrations:
    """The migrations of an empty database."""
    settings = settings_for(blank_url)
    migrations = registry.choose(settings).migrations(settings)
    assert isinstance(migrations, SqlMigrations)
    return migrations
