"""A password that is not percent-encoded is refused, and never shown."""

import pytest

from core.errors import ConfigurationError
from core.plugins import discover
from core.settings import DEFAULT_URL, load

SCHEMES = [scheme for backend in discover().by_name.values() for scheme in backend.schemes]
LOGINS = ["shop:hunter@2", "shop:hunter@2@x", "shop:hunt/er2", "shop:hunt?er2", "shop:hunt#er2", "shop:[hunter2"]
LOGINS += ["shop:hunter2]", "shop:hun ter2", "shop:hun\tter2", "sh@op:hunter2", "sh/op:hunter2", "shop:h@un/ter2"]


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("scheme", [*SCHEMES, "mongodb+srv", "postgresql+asyncpg", "unknown"])
def test_password_must_be_percent_encoded(scheme: str, login: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(_env_file=None, database_url=f"{scheme}://{login}@db.example/shop")
    said = refused.value.detail
    assert said.startswith("DATABASE_URL: percent-encode the user name and the password: write %40 for @")
    assert not [part for part in ("hunt", "ter2", "2@x", "shop") if part in said]


@pytest.mark.parametrize("url", ["shop:hunter2@db://x", "hunter@2://db/shop"])
def test_scheme_is_not_taken_from_a_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(_env_file=None, database_url=url)
    assert "is not a URL" in refused.value.detail
    assert "hunter" not in refused.value.detail


@pytest.mark.parametrize(
    "url",
    [
        DEFAULT_URL,
        "sqlite:///./a@b.db",
        "sqlite:////srv/a@b/c#d?.db",
        "postgresql://shop:p%40ss%2Fword@db.example:5432/shop",
        "postgresql://shop:a:b@[::1]:5432/shop",
        "postgresql:///shop?host=/var/run/postgresql",
        "mysql://shop@h1:3306,h2:3306/shop",
        "mongodb+srv://shop:p%3Aw@cluster.example/shop?authSource=admin",
    ],
)
def test_encoded_password_is_accepted(url: str) -> None:
    assert load(_env_file=None, database_url=url).url == url
