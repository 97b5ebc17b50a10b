"""MariaDB: used through MySQL's protocol, but another server."""

import shutil
from pathlib import Path

from typing_extensions import override

from conformance.processes.process import run_command
from tests.harness.kind import Absent
from tests.harness.mysql import MySQL


class MariaDB(MySQL):
    """As in Debian's ``mariadb-server``."""

    name = "mariadb"
    own_settings = ()
    fresh_statistics = ()

    @override
    def find_program(self) -> Path:
        """``mariadbd`` on the PATH or where Debian installs it."""
        path = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
        if path and shutil.which("mariadb-install-db"):
            return Path(path)
        raise Absent("no mariadbd and mariadb-install-db on the PATH")

    @override
    async def prepare(self, program: Path, folder: Path, user: str | None) -> None:
        self.write_account(folder)
        install = [str(shutil.which("mariadb-install-db")), "--no-defaults", "--skip-test-db", "--skip-name-resolve"]
        await run_command([*install, f"--datadir={folder / 'data'}", *self.run_as_root_option()], folder)
