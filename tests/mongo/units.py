"""Units of work of tests, and what they stored."""

from core.clock import now
from core.entities import CategoryDraft
from core.storage import Storage, Transaction


class CountedUnit:
    """A unit of work that stores a category and counts how often it is run."""

    def __init__(self, name: str) -> None:
        self.runs = 0
        self._draft = CategoryDraft(name=name, slug=name)

    async def __call__(self, tx: Transaction) -> None:
        self.runs += 1
        await tx.categories.add([self._draft], now())


async def category_names(storage: Storage) -> list[str]:
    return [category.name for category in await storage.categories.all()]
