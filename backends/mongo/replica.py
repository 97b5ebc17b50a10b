"""A replica set or a sharded cluster: sessions, snapshots, majority commits."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from backends.mongo import driver
from backends.mongo.collection import Collection, Source, completed, sent
from backends.mongo.driver import MAJORITY, AsyncClient, PyMongoError, at_most, transaction_options
from backends.mongo.errors import UNKNOWN_COMMIT, translate
from backends.mongo.ids import Ids
from backends.mongo.leftovers import CANCEL_GRACE_SECONDS, Leftovers
from backends.mongo.slots import Slots
from backends.mongo.work import Session
from core.errors import TransientConflict, Unavailable
from core.storage import Capabilities
from core.storage.round_trips import record_end, record_start

logger = logging.getLogger(__name__)

_COMMIT_PATIENCE = 15.0
"""Seconds for which a commit is asked for again after the server did not say what became of it, at most."""

_UNKNOWN = "The storage did not say whether the change was kept. Look before trying again."

Raw = Mapping[str, Any]


class Replica:
    """See ``Engine``."""

    def __init__(
        self,
        client: AsyncClient,
        collections: Raw,
        server: str,
        capabilities: Capabilities,
        *,
        patience: float,
    ) -> None:
        self._client = client
        self._leftovers = Leftovers(client)
        self._commit_patience = min(patience, _COMMIT_PATIENCE)
        self._raw = collections
        self._options = transaction_options(client.write_concern)
        self.server = server
        self.capabilities = capabilities
        self.ids = Ids(collections["counters"].with_options(write_concern=MAJORITY))

    def reader(self, slots: Slots) -> Source:
        """See ``Engine.reader``."""
        return _Opened(self._raw, None, slots)

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Session]:
        """See ``Engine.unit``."""
        session = driver.session(self._client)
        try:
            session.start_transaction(**self._options)
            yield ReplicaSession(self._raw, session, self._commit_patience)
        except BaseException as error:
            await self._undo(session, error)
            raise
        session.delegate.end_session()  # nothing is left to tell the server

    async def _undo(self, session: Any, error: BaseException) -> None:
        """Let the server end the transaction. The driver aborts none that it was to commit."""
        ended = isinstance(error, TransientConflict) and not session.in_transaction
        if not ended and (isinstance(error, Unavailable) or not session.in_transaction):
            self._leftovers.add(session)
            return
        with at_most(CANCEL_GRACE_SECONDS):
            ending = completed(session.end_session())
            await (ending if ended else sent("abort", ending))

    async def ping(self) -> None:
        """See ``Engine.ping``."""
        await sent("ping", self._client.admin.command("ping"))

    async def size(self) -> int:
        """See ``Engine.size``."""
        stats = await sent("dbStats", self._raw["counters"].database.command("dbStats"))
        return int(stats["totalSize"])

    async def close(self) -> None:
        """See ``Engine.close``."""
        await self._leftovers.close()
        with at_most(CANCEL_GRACE_SECONDS):
            self._client.close()


class _Opened:
    """See ``Source``."""

    def __init__(self, raw: Raw, session: Any, slots: Slots | None) -> None:
        self._raw = raw
        self._session = session
        self._slots = slots

    def collection(self, name: str) -> Collection:
        """See ``Source``."""
        return Collection(self._raw[name], self._session, self._slots)


class ReplicaSession(_Opened):
    """See ``Session``."""

    def __init__(self, raw: Raw, session: Any, patience: float) -> None:
        super().__init__(raw, session, None)
        self._patience = patience

    async def commit(self) -> None:
        """See ``Session.commit``. A commit may be sent again: the server knows a transaction that it has committed."""
        deadline = time.monotonic() + self._patience
        while True:
            record_start("commit")
            try:
                await completed(self._session.commit_transaction())
                return
            except PyMongoError as error:
                if not error.has_error_label(UNKNOWN_COMMIT):
                    raise translate(error) from error
                if time.monotonic() > deadline:
                    raise Unavailable(_UNKNOWN) from error
                logger.warning("the outcome of a commit is unknown; asking again")
            finally:
                record_end()
            await asyncio.sleep(0.1)
