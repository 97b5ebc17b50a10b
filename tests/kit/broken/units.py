"""Wrong units of work: not all or nothing, not alone, or not at all."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.entities import Product, Tag
from core.errors import NotFound, RetriesExhausted, TransientConflict
from core.storage import Capabilities, Transaction
from tests.kit.broken.defect import Defect, Work, Wrapped
from tests.kit.broken.pieces import Apart, Pieces


class LostRollback(Defect):
    """Commits what an exception should have undone."""

    caught_by = "test_commit.py::test_exception_rolls_back_and_propagates"

    async def run(self, work: Work[Any]) -> Any:
        """As ``Storage.run``."""
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


class LyingCommit(Defect):
    """Answers that all is stored, and has stored nothing."""

    caught_by = "test_races.py::test_response_is_visible_to_all_clients"

    class Undone(Exception):
        """Carries the result out of the unit of work that it undoes."""

    async def run(self, work: Work[Any]) -> Any:
        """As ``Storage.run``."""
        result: list[Any] = []

        async def forget(tx: Transaction) -> None:
            result.append(await work(tx))
            raise LyingCommit.Undone

        try:
            await super().run(forget)
        except LyingCommit.Undone:
            return result[-1]


class NoRerun(Defect):
    """Leaves transient conflicts to the client."""

    caught_by = "test_commit.py::test_transient_conflict_reruns_whole_work"

    async def run(self, work: Work[Any]) -> Any:
        """As ``Storage.run``."""

        async def once(tx: Transaction) -> Any:
            try:
                return await work(tx)
            except TransientConflict as conflict:
                raise RetriesExhausted from conflict

        return await super().run(once)


class Autocommit(Defect):
    """Has no units of work: each statement stands for itself."""

    caught_by = "test_posts.py::test_unknown_author_creates_no_tag"

    async def run(self, work: Work[Any]) -> Any:
        """As ``Storage.run``, without the rest."""
        return await work(Pieces(self, {}))


class LostUpdate(Defect):
    """Reads without a lock and writes without looking at the version."""

    caught_by = "test_races.py::test_no_change_is_lost"

    class Products(Apart):
        async def lock(self, id: int) -> Product:
            found: Product = await self.defect.storage.products.get(id)
            await asyncio.sleep(0.01)
            return found

        async def save(self, entity: Product) -> None:
            async def overwrite(tx: Transaction) -> None:
                stored = await tx.products.lock(entity.id)
                await tx.products.save(replace(entity, version=stored.version + 1))

            await self.defect.storage.run(overwrite)

    async def run(self, work: Work[Any]) -> Any:
        """As ``Storage.run``, without the rest."""
        return await work(Pieces(self, {"products": LostUpdate.Products}))


class Oversell(Defect):
    """Looks whether there is enough, and then takes it, without a guard."""

    caught_by = "test_races.py::test_64_orders_share_the_last_10_pieces"

    class Products(Apart):
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

    async def run(self, work: Work[Any]) -> Any:
        """As ``Storage.run``, without the rest."""
        return await work(Pieces(self, {"products": Oversell.Products}))


class Orphans(Defect):
    """Keeps the reference of a product to a category that is deleted meanwhile."""

    caught_by = "test_deletes.py::test_deleted_category_is_unset_in_references"

    class Reader(Wrapped):
        async def get(self, id: int) -> Product:
            found: Product = await self.inner.get(id)
            return replace(found, category_id=self.state.get(id, found.category_id))

    class Products(Wrapped):
        async def add(self, *arguments: Any) -> Any:
            made = await self.inner.add(*arguments)
            self.state.update({product.id: product.category_id for product in made})
            return made

    readers = {"products": Reader}
    repositories = {"products": Products}


class DirtyReads(Defect):
    """Lets readers look into a unit of work that has not committed."""

    caught_by = "test_storage.py::test_reads_do_not_see_uncommitted_work"

    class Orders(Wrapped):
        async def get(self, id: int) -> Any:
            return await (self.state["open"].orders if "open" in self.state else self.inner).get(id)

    readers = {"orders": Orders}

    async def run(self, work: Work[Any]) -> Any:
        """As ``Storage.run``."""

        async def shown(tx: Any) -> Any:
            self.state["open"] = tx
            try:
                return await work(tx)
            finally:
                del self.state["open"]

        return await super().run(shown)


class ReusedIds(Defect):
    """Gives the id of a deleted tag to the next one."""

    caught_by = "test_deletes.py::test_ids_are_never_reused"

    class Tags(Wrapped):
        async def delete(self, id: int) -> None:
            await self.inner.delete(id)
            self.state["free"] = id

        async def add(self, *arguments: Any) -> list[Tag]:
            made: list[Tag] = await self.inner.add(*arguments)
            if "free" in self.state:
                made[0] = replace(made[0], id=self.state.pop("free"))
            return made

    repositories = {"tags": Tags}


class LeakyDelete(Defect):
    """Says that what it has just deleted was there before, whoever asks twice."""

    caught_by = "test_tags.py::test_tag_is_deleted_once"

    class Tags(Wrapped):
        async def delete(self, id: int) -> None:
            try:
                await self.inner.delete(id)
            except NotFound:
                return

    repositories = {"tags": Tags}


class QuietSavepoint(Defect):
    """Declares no savepoints, and lets them be used all the same."""

    caught_by = "test_capabilities_operations.py::test_undeclared_savepoint_is_unsupported"

    @classmethod
    def capabilities(cls, sound: Capabilities) -> Capabilities:
        """All but one."""
        return replace(sound, savepoints=False)


class HollowSavepoint(Defect):
    """Keeps what was done within a savepoint when an error leaves it."""

    caught_by = "test_orders.py::test_order_survives_failed_notification"

    def savepoint(self, tx: Transaction) -> AbstractAsyncContextManager[None]:
        """Nothing to go back to."""

        @asynccontextmanager
        async def nothing() -> AsyncIterator[None]:
            yield

        return nothing()


UNITS = [
    LostRollback,
    LyingCommit,
    NoRerun,
    Autocommit,
    LostUpdate,
    Oversell,
    Orphans,
    DirtyReads,
    ReusedIds,
    LeakyDelete,
    QuietSavepoint,
    HollowSavepoint,
]
