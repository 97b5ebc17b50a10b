"""``stockroom create-superuser``: on a terminal, in scripts, and without showing a password."""

import asyncio
import io
import os
import pty
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.main import main
from cli.superuser import PASSWORD_VARIABLE
from conformance.defaults import settings_for
from conformance.processes.servers import environment_of
from core.entities import Credentials
from core.passwords import PasswordHasher
from core.plugins import discover
from core.services.versioning import change
from core.settings import Settings
from core.startup import open_storage

COMMAND = [f"{Path(sys.executable).parent}/stockroom", "create-superuser"]
ROOT = ["--username", "root", "--email", "root@example.com"]
PASSWORD = "SecurePass123"
TIMEOUT_SECONDS = 30.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A store in a file."""
    return settings_for(f"sqlite:///{tmp_path / 'shop.db'}")


@dataclass(frozen=True)
class Result:
    """The result of a command."""

    code: int
    out: str
    err: str


Script = Callable[..., Result]


@pytest.fixture
def script(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Script:
    """Runs the command as a script does, with a text on standard input."""

    def run(*arguments: str, given: str = "", **variables: str) -> Result:
        with monkeypatch.context() as patched:
            for name, value in (environment_of(settings) | variables).items():
                patched.setenv(name, value)
            patched.setattr("sys.stdin", io.StringIO(given))
            with pytest.raises(SystemExit) as ended:
                main(["create-superuser", *arguments])
        output = capsys.readouterr()
        return Result(int(ended.value.code or 0), output.out, output.err)

    return run


def converse(settings: Settings, *arguments: str, answers: dict[str, str]) -> tuple[int, str]:
    """Run the command on a terminal with answers to its prompts: exit code and output."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(COMMAND[0], [*COMMAND, *arguments], environment_of(settings))
    seen, asked, waiting = "", 0, dict(answers)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        try:
            seen += os.read(terminal, 1024).decode()
        except OSError:  # the other end is closed
            break
        for question in [question for question in waiting if re.search(question, seen[asked:])]:
            asked = len(seen)
            os.write(terminal, f"{waiting.pop(question)}\n".encode())
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    assert not waiting, seen
    return code, seen


def stored(settings: Settings, name: str = "root") -> Credentials | None:
    """The credentials of a user."""

    async def read() -> Credentials | None:
        async with open_storage(discover().choose(settings), settings) as shop:
            return await shop.storage.users.credentials(name)

    return asyncio.run(read())


def may_everything(settings: Settings, password: str = PASSWORD) -> bool:
    """Whether root is a superuser with this password."""
    found = stored(settings)
    assert found is not None
    verified = asyncio.run(PasswordHasher(settings).verify(found.password_hash, password))
    return verified and found.user.is_active and found.user.is_superuser


def test_terminal_prompts_and_hides_password(settings: Settings) -> None:
    answers = {
        "Username: $": "root",
        "E-mail address: $": "root@example.com",
        "Password: $": PASSWORD,
        "Repeat for confirmation: $": PASSWORD,
    }
    code, seen = converse(settings, answers=answers)
    assert code == 0, seen
    assert "root is a superuser" in seen
    assert PASSWORD not in seen
    assert may_everything(settings)


def test_password_from_stdin_or_variable(script: Script, settings: Settings) -> None:
    result = script(*ROOT, given=f"{PASSWORD}\n")
    assert (result.code, result.err) == (0, "")
    assert may_everything(settings)
    result = script("--username", "ada", "--email", "ada@example.com", **{PASSWORD_VARIABLE: PASSWORD})
    assert (result.code, result.err) == (0, "")
    found = stored(settings, "ada")
    assert found is not None
    assert found.user.is_superuser


@pytest.mark.parametrize(
    ("arguments", "password", "blamed"),
    [
        (ROOT, "weak", "password"),
        (ROOT, "", "password"),
        (["--username", "r", "--email", "root@example.com"], PASSWORD, "username"),
        (["--username", "root", "--email", "root"], PASSWORD, "email"),
        (["--username", "root"], PASSWORD, "E-mail address"),
        ([], PASSWORD, "Username"),
        ([*ROOT, "--password", PASSWORD], "", "No such option"),
    ],
)
def test_invalid_input_is_reported_and_not_stored(
    script: Script, settings: Settings, arguments: list[str], password: str, blamed: str
) -> None:
    result = script(*arguments, given=password)
    assert result.code in {1, 2}
    assert blamed in result.err
    assert "Traceback" not in result.err
    assert password == "" or password not in result.out + result.err
    assert stored(settings) is None


def test_existing_user_is_promoted_and_keeps_password(script: Script, settings: Settings) -> None:
    script(*ROOT, given=PASSWORD)
    again = script(*ROOT, given="OtherPass456")
    assert (again.code, "already" in again.out) == (0, True)
    demote(settings)
    for name, email in (("ROOT", "other@example.com"), ("other", "Root@example.com")):
        refused = script("--username", name, "--email", email, given="OtherPass456")
        assert (refused.code, "root (root@example.com, id 1) exists" in refused.err) == (1, True)
    assert converse(settings, *ROOT, answers={r"\[y/N\]: $": "n"})[0] == 1
    assert not may_everything(settings)
    assert converse(settings, *ROOT, answers={r"\[y/N\]: $": "y"})[0] == 0
    assert may_everything(settings)


def demote(settings: Settings) -> None:
    """Make root an ordinary user."""

    async def write() -> None:
        async with open_storage(discover().choose(settings), settings) as shop:
            await shop.storage.run(lambda tx: change(tx.users, 1, {"is_superuser": False}))

    asyncio.run(write())
