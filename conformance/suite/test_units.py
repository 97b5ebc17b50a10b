"""Units of work, asked for directly: what no request can show, because core never lets it come so far."""

from core import clock
from core.entities import CategoryDraft
from core.storage import Storage, Transaction


async def test_a_space_at_the_end_makes_another_name(storage: Storage) -> None:
    drafts = [CategoryDraft(name=name, slug=f"slug-{number}") for number, name in enumerate(("a", "a ", "a\u00a0"))]

    async def work(tx: Transaction) -> None:
        for draft in drafts:
            await tx.categories.add([draft], clock.now())

    await storage.run(work)
    assert [category.name for category in await storage.categories.all()] == ["a", "a ", "a\u00a0"]
