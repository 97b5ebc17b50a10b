"""Wrong units of work: not atomic, not isolated, not durable."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from typing_extensions import override

from core.entities import Product, Tag
from core.errors import NotFound, RetriesExhausted, TransientConflict
from core.storage import Capabilities, Transaction
from tests.kit.broken.autocommit import AutocommitRepository, AutocommitTransaction
from tests.kit.broken.defect import Defect, RepositoryWrapper, Work


class LostRollback(Defect):
    """Commits after an exception."""

    caught_by = "test_commit.py::test_exception_rolls_back_and_propagates"

    @override
    async def run(self, work: Work[Any]) -> Any:
        escaped: list[Exception] = []

        async def keep(tx: Transaction) -> Any:
            try:
                return await work(tx)
            except TransientConflict:
                raise
            except Exception as error:
                escaped.append(error)

        result = await super().run(keep)
        if escaped:
            raise escaped[-1]
        return result


class DiscardedCommit(Defect):
    """Reports a commit, and rolls back."""

    caught_by = "test_races.py::test_response_is_visible_to_all_clients"

    class Rollback(Exception):
        """Rolls back the unit of work."""

    @override
    async def run(self, work: Work[Any]) -> Any:
        result: list[Any] = []

        async def forget(tx: Transaction) -> None:
            result.append(await work(tx))
            raise DiscardedCommit.Rollback

        try:
            await super().run(forget)
        except DiscardedCommit.Rollback:
            return result[-1]


class NoRetry(Defect):
    """Does not retry transient conflicts."""

    caught_by = "test_commit.py::test_transient_conflict_reruns_whole_work"

    @override
    async def run(self, work: Work[Any]) -> Any:
        async def once(tx: Transaction) -> Any:
            try:
                return await work(tx)
            except TransientConflict as conflict:
                raise RetriesExhausted from conflict

        return await super().run(once)


class Autocommit(Defect):
    """Has no units of work: each call commits at once."""

    caught_by = "test_posts.py::test_unknown_author_creates_no_tag"

    @override
    async def run(self, work: Work[Any]) -> Any:
        return await work(AutocommitTransaction(self, {}))


class LostUpdate(Defect):
    """Reads without a lock, and writes without comparing the version."""

    caught_by = "test_races.py::test_no_change_is_lost"

    class Products(AutocommitRepository):
        async def lock(self, id: int) -> Product:
            found: Product = await self.defect.storage.products.get(id)
            await asyncio.sleep(0.01)
            return found

        async def save(self, entity: Product) -> None:
            async def overwrite(tx: Transaction) -> None:
                stored = await tx.products.lock(entity.id)
                await tx.products.save(replace(entity, version=stored.version + 1))

            await self.defect.storage.run(overwrite)

    @override
    async def run(self, work: Work[Any]) -> Any:
        return await work(AutocommitTransaction(self, {"products": LostUpdate.Products}))


class Oversell(Defect):
    """Checks the stock and then changes it, without a guard."""

    caught_by = "test_races.py::test_64_orders_share_the_last_10_pieces"

    class Products(AutocommitRepository):
        async def lock_many(self, ids: Sequence[int]) -> dict[int, Product]:
            found = {key: await self.defect.storage.products.get(key) for key in ids}
            await asyncio.sleep(0.01)
            self.defect.state["seen"] = found
            return found

        async def adjust_stock(self, changes: Mapping[int, int], at: datetime) -> None:
            async def overwrite(tx: Transaction) -> None:
                for key, change in changes.items():
                    stored = await tx.products.lock(key)
                    left = max(0, stored.stock_quantity + change)
                    await tx.products.save(replace(stored, stock_quantity=left, version=stored.version + 1))

            await self.defect.storage.run(overwrite)

    @override
    async def run(self, work: Work[Any]) -> Any:
        return await work(AutocommitTransaction(self, {"products": Oversell.Products}))


class DanglingReference(Defect):
    """Keeps the reference of a product to a deleted category."""

    caught_by = "test_deletes.py::test_deleted_category_is_unset_in_references"

    class Reader(RepositoryWrapper):
        async def get(self, id: int) -> Product:
            found: Product = await self.inner.get(id)
            category_id: int | None = self.state.get(str(id), found.category_id)
            return replace(found, category_id=category_id)

    class Products(RepositoryWrapper):
        async def add(self, *arguments: Any) -> Any:
            made = await self.inner.add(*arguments)
            self.state.update({str(product.id): product.category_id for product in made})
            return made

    readers = {"products": Reader}
    repositories = {"products": Products}


class DirtyReads(Defect):
    """Returns uncommitted data to readers."""

    caught_by = "test_storage.py::test_reads_do_not_see_uncommitted_work"

    class Orders(RepositoryWrapper):
        async def get(self, id: int) -> Any:
            return await (self.state["open"].orders if "open" in self.state else self.inner).get(id)

    readers = {"orders": Orders}

    @override
    async def run(self, work: Work[Any]) -> Any:
        async def shown(tx: Any) -> Any:
            self.state["open"] = tx
            try:
                return await work(tx)
            finally:
                del self.state["open"]

        return await super().run(shown)


class ReusedIds(Defect):
    """Reuses the id of a deleted tag."""

    caught_by = "test_deletes.py::test_ids_are_never_reused"

    class Tags(RepositoryWrapper):
        async def delete(self, id: int) -> None:
            await self.inner.delete(id)
            self.state["free"] = id

        async def add(self, *arguments: Any) -> list[Tag]:
            made: list[Tag] = await self.inner.add(*arguments)
            if "free" in self.state:
                made[0] = replace(made[0], id=self.state.pop("free"))
            return made

    repositories = {"tags": Tags}


class SilentRepeatedDelete(Defect):
    """Reports success for the deletion of what does not exist."""

    caught_by = "test_tags.py::test_tag_is_deleted_once"

    class Tags(RepositoryWrapper):
        async def delete(self, id: int) -> None:
            try:
                await self.inner.delete(id)
            except NotFound:
                return

    repositories = {"tags": Tags}


class UndeclaredSavepoint(Defect):
    """Declares no savepoints, and accepts their use."""

    caught_by = "test_capabilities_operations.py::test_undeclared_savepoint_is_unsupported"

    @classmethod
    @override
    def capabilities(cls, sound: Capabilities) -> Capabilities:
        return replace(sound, savepoints=False)


class EmptySavepoint(Defect):
    """Keeps the changes within a savepoint when an error leaves it."""

    caught_by = "test_orders.py::test_order_survives_failed_notification"

    @override
    def savepoint(self, tx: Transaction) -> AbstractAsyncContextManager[None]:
        @asynccontextmanager
        async def nothing() -> AsyncIterator[None]:
            yield

        return nothing()


UNITS = [
    LostRollback,
    DiscardedCommit,
    NoRetry,
    Autocommit,
    LostUpdate,
    Oversell,
    DanglingReference,
    DirtyReads,
    ReusedIds,
    SilentRepeatedDelete,
    UndeclaredSavepoint,
    EmptySavepoint,
]
