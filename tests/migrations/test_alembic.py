"""The command ``alembic``, for developers."""

from pathlib import Path

import pytest

from tests.migrations.alembic_copy import AlembicCopy
from tests.revisions import REVISIONS

pytestmark = pytest.mark.only("sqlite", "postgresql", "mysql", "mariadb")


@pytest.fixture
def alembic(tmp_path: Path, blank_url: str) -> AlembicCopy:
    """The command, for an empty database."""
    return AlembicCopy(tmp_path / "copy", blank_url)


def number(position: int) -> str:
    """The id of the revision so many after the last."""
    return f"{len(REVISIONS) + position:04}"


def test_alembic_command_works(alembic: AlembicCopy) -> None:
    for arguments in (["upgrade", "head"], ["check"], ["upgrade", "head", "--sql"], ["downgrade", "base"]):
        alembic.run(*arguments)


@pytest.mark.only("sqlite")
def test_new_revisions_are_numbered(alembic: AlembicCopy) -> None:
    alembic.run("revision", "-m", "first")
    alembic.run("revision", "--rev-id", "named", "-m", "second")
    alembic.run("revision", "--rev-id", "202611291200", "-m", "third")
    alembic.run("revision", "-m", "fourth")
    alembic.run("upgrade", "head")
    alembic.run("revision", "--autogenerate", "-m", "fifth")
    written = {path.name for path in alembic.versions.glob("*.py")}
    assert written > {f"{number(1)}_first.py", "named_second.py", f"{number(2)}_fourth.py", f"{number(3)}_fifth.py"}


@pytest.mark.only("sqlite")
@pytest.mark.parametrize(
    ("url", "refusal"),
    [
        ("mongodb://localhost/shop", "DATABASE_URL does not name an SQL database. Use: stockroom migrate"),
        ("postgresql://u:geheim@localhost:1/shop", "no server listens at localhost:1."),
        ("sqlite:////no/such/folder/shop.db", "the file cannot be opened"),
        ("oracle://localhost/shop", "No installed backend answers to the scheme 'oracle'"),
    ],
)
def test_refusals_take_one_line(alembic: AlembicCopy, url: str, refusal: str) -> None:
    require_refusal(alembic, refusal, "upgrade", "head", DATABASE_URL=url)
    require_refusal(alembic, refusal, "revision", "-m", "next", DATABASE_URL=url)


def test_unusable_revision_takes_one_line(alembic: AlembicCopy) -> None:
    require_refusal(alembic, "knows the schema revisions 0001,", "upgrade", "9999")
    alembic.run("upgrade", "0001")
    require_refusal(alembic, "Target database is not up to date.\n", "revision", "--autogenerate", "-m", "next")


def require_refusal(alembic: AlembicCopy, refusal: str, *arguments: str, **settings: str) -> None:
    done = alembic.attempt(*arguments, **settings)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "geheim" not in done.stdout + done.stderr
    [line] = [line for line in done.stdout.splitlines() if line.startswith("FAILED: ")]
    assert refusal in f"{line}\n"
