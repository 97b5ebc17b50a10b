"""The schema's history on an SQL database: Alembic, driven from within."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.resources import files
from io import StringIO
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from backends.sql.autogenerate import describe_differences
from backends.sql.dialects import Dialect
from backends.sql.engine import migration_engine
from backends.sql.errors import connect_error, translate_for_operator
from backends.sql.server_checks import check_server
from core.errors import ConfigurationError
from core.settings import Settings
from core.storage import Migrations, Revision

T = TypeVar("T")


class SqlMigrations(Migrations):
    """Revisions of Alembic. One at a time within a process: Alembic keeps its context in a global.

    Attributes:
        dialect: of the database.
    """

    def __init__(self, dialect: Dialect, settings: Settings) -> None:
        self.dialect = dialect
        self._settings = settings

    @override
    def history(self) -> Sequence[Revision]:
        scripts = ScriptDirectory.from_config(self._config()).walk_revisions()
        return [Revision(script.revision, script.doc.rstrip(".")) for script in reversed(list(scripts))]

    @override
    async def current(self) -> str | None:
        return await self.on_connection(
            lambda connection: MigrationContext.configure(connection).get_current_revision()
        )

    @override
    async def up(self, target: str = "head") -> None:
        """Go up to a revision.

        Raises:
            ConfigurationError: there is no such revision, or the database is at one that is not known here.
        """
        await self._run(command.upgrade, target)

    @override
    async def down(self, target: str) -> None:
        """Go down to a revision; raises as ``up``."""
        await self._run(command.downgrade, target)

    @override
    def script(self, span: str) -> str:
        """The statements of a span, which leads down where it ends earlier than it starts.

        Raises:
            ConfigurationError: it is no span of known revisions.
        """
        known = ["base", *(revision.id for revision in self.history()), "head"]
        start, _, end = span.partition(":")
        if start not in known or end not in known:
            raise ConfigurationError(f"{span!r} is not a span such as base:head. Known revisions: {', '.join(known)}.")
        run = command.upgrade if known.index(start) <= known.index(end) else command.downgrade
        ids = {"base": "base", "head": known[-2]}
        output = StringIO()
        run(self._config(output), f"{ids.get(start, start)}:{ids.get(end, end)}", sql=True)
        return output.getvalue()

    @override
    async def differences(self) -> Sequence[str]:
        return await self.on_connection(describe_differences)

    async def on_connection(self, work: Callable[[Connection], T]) -> T:
        """What ``work`` returns, given a connection of its own; nothing is committed for it."""
        async with self._connect() as connection:
            try:
                return await connection.run_sync(work)
            except Exception as error:
                raise self._translate(error) from error

    async def _run(self, step: Callable[[Config, str], None], target: str) -> None:
        def run(connection: Connection) -> None:
            config = self._config()
            config.attributes["connection"] = connection
            step(config, target)

        await self.on_connection(run)

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[AsyncConnection]:
        engine = migration_engine(self.dialect, self._settings)
        try:
            async with AsyncExitStack() as stack:
                try:
                    connection = await stack.enter_async_context(engine.connect())
                    await check_server(connection, self.dialect)
                    await connection.rollback()
                except Exception as error:
                    raise connect_error(self.dialect, self._settings, error) from error
                yield connection
        finally:
            await engine.dispose()

    def _translate(self, error: Exception) -> BaseException:
        """An error on the way, in core's terms; one that only our own mistake can cause stays what it is."""
        if isinstance(error, CommandError):
            known = ", ".join(revision.id for revision in self.history())
            hint = f" This version of Stockroom knows the schema revisions {known}."
            return ConfigurationError(
                f"{str(error).rstrip('.')}.{hint if isinstance(error.__cause__, RevisionError) else ''}"
            )
        return translate_for_operator(self.dialect, self._settings, error)

    def _config(self, output: StringIO | None = None) -> Config:
        config = Config(output_buffer=output) if output else Config()
        folder = str(files("migrations") / "sql")
        config.set_main_option("script_location", folder.replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["migrations"] = self
        return config
