"""The hosts and parameters of an SQL URL."""

import ssl
from pathlib import Path

import pytest

from backends.sql.address import ConnectOptions, format_hosts, hosts_of, parameters_of, parse_url
from backends.sql.dialects import DIALECTS
from core.errors import ConfigurationError

SERVERS = [dialect for dialect in DIALECTS.values() if dialect.read_parameters]


def read(name: str, **given: str) -> ConnectOptions:
    reader = DIALECTS[name].read_parameters
    assert reader is not None
    return reader({key.replace("_DASH_", "-"): value for key, value in given.items()}, has_several_hosts=False)


@pytest.mark.parametrize(
    ("url", "hosts", "shown"),
    [
        ("mysql://u:p@db/shop", [("db", None)], "db:the default port"),
        ("mysql://u:p@db:3307/shop", [("db", 3307)], "db:3307"),
        ("postgresql://u:42,Zebra@db/shop", [("db", None)], "db:the default port"),  # a comma in the password
        ("postgresql://u:p,q@a:1,b:2/shop", [("a", 1), ("b", 2)], "a:1, b:2"),
        ("mysql://u:p@a:1,b:2,c/shop?ssl=true", [("a", 1), ("b", 2), ("c", None)], "a:1, b:2, c:the default port"),
        ("mysql://u:p@[::1]:3306,[fe80::2]/shop", [("::1", 3306), ("fe80::2", None)], None),
        ("postgresql://u:p@[::1]:5432/shop", [("::1", 5432)], "[::1]:5432"),
        ("postgresql:///shop?host=/run/postgresql", [("/run/postgresql", None)], "/run/postgresql"),
        ("postgresql://u:p@/shop?host=a:1&host=b:2", [("a", 1), ("b", 2)], "a:1, b:2"),
        ("postgresql://u:p@/shop?host=a,b", [("a", None), ("b", None)], None),
        ("postgresql://a:1,b:2", [("a", 1), ("b", 2)], "a:1, b:2"),
    ],
)
def test_hosts_are_read(url: str, hosts: list[tuple[str, int | None]], shown: str | None) -> None:
    parsed = parse_url(url)
    assert list(hosts_of(parsed)) == hosts
    assert shown is None or format_hosts(parsed) == shown
    assert parse_url(parsed.render_as_string(hide_password=False)) == parsed
    assert "host" not in parameters_of(parsed)


@pytest.mark.parametrize("url", ["mysql://u:p@a:x,b/shop", "mysql://u:p@a:1:2,b/shop"])
def test_bad_hosts_are_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="each host is written as in db1"):
        hosts_of(parse_url(url))


@pytest.mark.parametrize("dialect", SERVERS, ids=lambda dialect: dialect.name)
def test_unknown_parameter_is_refused_by_name(dialect: object) -> None:
    name = dialect.name  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationError, match="has no parameter 'sslmoode'"):
        read(name, sslmoode="require")


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("postgresql", {"sslmode": "on"}, "sslmode must be one of disable, "),
        ("postgresql", {"channel_binding": "require"}, "asyncpg has no channel binding"),
        ("postgresql", {"sslrootcert": "/nowhere"}, "sslrootcert names a file that is not there"),
        ("postgresql", {"target_session_attrs": "standby"}, "target_session_attrs must be one of any, "),
        ("postgresql", {"connect_timeout": "soon"}, "connect_timeout must be a whole number"),
        ("mysql", {"ssl_DASH_mode": "on"}, "ssl_mode must be one of DISABLED, "),
        ("mysql", {"ssl": "maybe"}, "ssl must be one of true, "),
        ("mariadb", {"ssl_ca": "/nowhere"}, "ssl_ca names a file that is not there"),
        ("mariadb", {"charset": "latin1"}, "charset must be one of utf8mb4"),
        ("mysql", {"connect_timeout": "0"}, "connect_timeout must be a whole number"),
    ],
)
def test_unusable_value_is_refused(name: str, given: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read(name, **given)


def test_libpq_words_reach_the_driver(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    options = read(
        "postgresql",
        sslmode="verify-full",
        sslrootcert=str(authority),
        application_name="till",
        options="-c work_mem=8MB",
        connect_timeout="3",
        channel_binding="prefer",
    )
    assert options.timeout == 3
    assert options.arguments["server_settings"] == {"application_name": "till", "options": "-c work_mem=8MB"}
    assert "sslmode=verify-full" in options.arguments["dsn"]
    assert options.arguments["target_session_attrs"] == "any"


@pytest.mark.parametrize(
    ("given", "verify_mode", "checks_name"),
    [
        ({"ssl_DASH_mode": "required"}, ssl.CERT_NONE, False),
        ({"ssl": "true"}, ssl.CERT_NONE, False),
        ({"ssl_mode": "VERIFY_CA"}, ssl.CERT_REQUIRED, False),
        ({"ssl_mode": "VERIFY_IDENTITY"}, ssl.CERT_REQUIRED, True),
        ({"ssl": "true", "ssl_verify_cert": "true"}, ssl.CERT_REQUIRED, False),
        ({"ssl_DASH_verify_DASH_server_DASH_cert": "1"}, ssl.CERT_REQUIRED, True),
    ],
)
def test_tls_words_of_mysql_are_read(given: dict[str, str], verify_mode: ssl.VerifyMode, checks_name: bool) -> None:
    options = read("mysql", **given)
    context = options.arguments["ssl"]
    assert (context.verify_mode, context.check_hostname) == (verify_mode, checks_name)
    assert options.verify is not None


@pytest.mark.parametrize("given", [{}, {"ssl": "false"}, {"ssl_mode": "DISABLED"}])
def test_mysql_without_tls(given: dict[str, str]) -> None:
    assert read("mysql", **given) == ConnectOptions()
