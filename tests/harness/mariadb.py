"""MariaDB: spoken to like MySQL, but a server of its own."""

import shutil
from pathlib import Path

from conformance.processes.process import run_command
from tests.harness.kind import Absent
from tests.harness.mysql import MySQL


class MariaDB(MySQL):
    """As Debian's ``mariadb-server`` brings it."""

    name = "mariadb"
    own_settings = ()
    up_to_date = ()

    def find(self) -> Path:
        """``mariadbd``, where Debian puts it or on the PATH."""
        path = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
        if path and shutil.which("mariadb-install-db"):
            return Path(path)
        raise Absent("no mariadbd and mariadb-install-db on the PATH")

    async def prepare(self, program: Path, folder: Path, user: str | None) -> None:
        """A data folder, and the statements that create our account."""
        self.write_account(folder)
        install = [str(shutil.which("mariadb-install-db")), "--no-defaults", "--skip-test-db", "--skip-name-resolve"]
        await run_command([*install, f"--datadir={folder / 'data'}", *self.rights()], folder)
