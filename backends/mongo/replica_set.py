"""A replica set or a sharded cluster: sessions, snapshots, majority commits."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from typing_extensions import override

from backends.mongo.abandoned import END_TIMEOUT_SECONDS, AbandonedTransactions
from backends.mongo.collection import Collection, CollectionProvider, read_with_retry, run_command, shielded
from backends.mongo.driver import (
    MAJORITY,
    AsyncClient,
    PyMongoError,
    build_transaction_options,
    create_session,
    get_server_session,
    timeout,
)
from backends.mongo.engine import Engine, EngineTransaction
from backends.mongo.errors import Disconnected, is_outcome_unknown, translate
from backends.mongo.ids import IdAllocator
from backends.mongo.pool import ConcurrencyLimiter
from core.errors import TransientConflict, Unavailable
from core.storage import Capabilities
from core.storage.round_trips import record_end, record_start

logger = logging.getLogger(__name__)

_MAX_COMMIT_SECONDS = 15.0
"""The time for which a commit is sent again while its outcome is unknown, at most."""

_UNKNOWN = "The storage did not say whether the change was kept. Look before trying again."

_ACTIONS = ("find", "insert", "update", "remove", "dbStats")
"""What serving needs; the role ``readWrite`` has all of them."""

RawCollections = Mapping[str, Any]


class ReplicaSetEngine(Engine):
    """An opened replica set or sharded cluster."""

    def __init__(
        self,
        client: AsyncClient,
        collections: RawCollections,
        server: str,
        capabilities: Capabilities,
        *,
        command_timeout: float,
    ) -> None:
        ids = IdAllocator(collections["counters"].with_options(write_concern=MAJORITY))
        super().__init__(server, capabilities, ids)
        self._client = client
        self._abandoned = AbandonedTransactions(client)
        self._commit_timeout = min(command_timeout, _MAX_COMMIT_SECONDS)
        self._collections = collections
        self._options = build_transaction_options(client.write_concern)

    @override
    def reader(self, limiter: ConcurrencyLimiter) -> CollectionProvider:
        return _Collections(self._collections, None, limiter)

    @override
    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[EngineTransaction]:
        session = create_session(self._client)
        try:
            session.start_transaction(**self._options)
            yield ReplicaSetTransaction(self._collections, session, self._commit_timeout)
        except BaseException as error:
            await self._undo(session, error)
            raise
        async with session:  # ends it in this thread: the transaction is over, so no command is sent
            pass

    async def _undo(self, session: Any, error: BaseException) -> None:
        """Let the server end the transaction. The driver does not abort one whose commit it has sent."""
        has_ended = isinstance(error, TransientConflict) and not session.in_transaction
        can_abort = session.in_transaction and not isinstance(error, Unavailable | Disconnected)
        if not has_ended and not can_abort:
            self._abandoned.add(session.session_id)
            return
        with timeout(END_TIMEOUT_SECONDS):
            await (session.end_session() if has_ended else self._abort(session))

    async def _abort(self, session: Any) -> None:
        """Abort a transaction. The driver raises no error where the server has not received that."""
        session_id, server_session = session.session_id, get_server_session(session)
        try:
            await run_command("abort", shielded(session.end_session()))
        finally:
            if server_session.dirty:
                self._abandoned.add(session_id)

    @override
    def end_idle_transactions(self) -> None:
        self._abandoned.end_idle()

    @override
    async def ping(self) -> None:
        await read_with_retry(lambda: run_command("ping", self._client.admin.command("ping")))

    @override
    async def size(self) -> int:
        database = self._collections["counters"].database
        stats = await read_with_retry(lambda: run_command("dbStats", database.command("dbStats")))
        return int(stats["totalSize"])

    @override
    async def missing_rights(self) -> Sequence[str]:
        command = self._client.admin.command("connectionStatus", showPrivileges=True)
        status = (await run_command("connectionStatus", command))["authInfo"]
        if not status["authenticatedUsers"]:
            return ()  # the server has no accounts, or it would have refused the first command
        name = self._collections["counters"].database.name
        granted = {
            action
            for privilege in status["authenticatedUserPrivileges"]
            if _covers(privilege["resource"], name)
            for action in privilege["actions"]
        }
        return [] if "anyAction" in granted else [f"{action} on {name}" for action in _ACTIONS if action not in granted]

    @override
    async def close(self) -> None:
        await super().close()
        await self._abandoned.close()
        with timeout(END_TIMEOUT_SECONDS):
            self._client.close()


def _covers(resource: Mapping[str, Any], database: str) -> bool:
    """Whether a privilege is for all collections of a database."""
    return bool(resource.get("anyResource")) or (
        resource.get("db") in ("", database) and resource.get("collection") == ""
    )


class _Collections(CollectionProvider):
    """The driver's collections, outside of transactions or within one."""

    def __init__(self, raw: RawCollections, session: Any, limiter: ConcurrencyLimiter | None) -> None:
        self._raw = raw
        self._session = session
        self._limiter = limiter

    @override
    def collection(self, name: str) -> Collection:
        return Collection(self._raw[name], self._session, self._limiter)


class ReplicaSetTransaction(_Collections, EngineTransaction):
    """A transaction of the server, which begins with the first command."""

    def __init__(self, raw: RawCollections, session: Any, commit_timeout: float) -> None:
        super().__init__(raw, session, None)
        self._commit_timeout = commit_timeout

    @override
    async def commit(self) -> None:
        """Send the commit, again while its outcome is unknown: the server knows a transaction it has committed."""
        deadline = time.monotonic() + self._commit_timeout
        while True:
            record_start("commit")
            try:
                await shielded(self._session.commit_transaction())
                return
            except PyMongoError as error:
                if not is_outcome_unknown(error):
                    raise translate(error) from error
                if time.monotonic() > deadline:
                    raise Unavailable(_UNKNOWN) from error
                logger.warning("the outcome of a commit is unknown; it is sent again")
            finally:
                record_end()
            await asyncio.sleep(0.1)
