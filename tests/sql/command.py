"""The ``stockroom`` command as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from core.settings import Settings

SECRET = "geheim-4711"
HARD_SECRET = "p@s:s/w%r#d?&=+ '[]"


class Command:
    """The ``stockroom`` command, in an empty folder and with no other settings than those given."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def refused(self, url: str, *arguments: str, blocked: str = "", **settings: str) -> str:
        """The one line that it writes when it refuses to work."""
        done = self._run(url, arguments, blocked, settings)
        said = done.stdout + done.stderr
        assert done.returncode == 2, said
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert done.stderr.startswith("stockroom: ")
        assert "Traceback" not in said
        secrets = {_password(url), SECRET, HARD_SECRET} - {"", "stockroom"}
        assert not [secret for secret in secrets if secret in said], said
        return done.stderr

    def run(self, url: str, *arguments: str, **settings: str) -> tuple[int, str]:
        """The exit code, and what it writes."""
        done = self._run(url, arguments, "", settings)
        return done.returncode, done.stdout + done.stderr

    def _run(
        self, url: str, arguments: tuple[str, ...], blocked: str, settings: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        program = (
            f"import sys; sys.modules.update(dict.fromkeys({blocked.split()!r})); from cli.main import main; main()"
        )
        env = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
        return subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=self._folder,
            env=env | {"DATABASE_URL": url} | settings,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""
