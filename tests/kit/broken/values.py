"""Wrong values: what is stored differs from what was given."""

import struct
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from typing_extensions import override

from core.entities import CategoryDraft, PostDraft, ProductDraft, Tag, UserDraft
from core.errors import Duplicate
from tests.kit.broken.defect import Defect, RepositoryWrapper


class FloatMoney(Defect):
    """Stores prices in single precision."""

    caught_by = "test_values.py::test_price_is_returned_as_string"

    class Products(RepositoryWrapper):
        async def add(self, drafts: Sequence[ProductDraft], at: datetime) -> Any:
            def stored(price: int) -> int:
                single: float = struct.unpack("f", struct.pack("f", price / 100))[0]
                return round(single * 100)

            return await self.inner.add([replace(draft, price=stored(draft.price)) for draft in drafts], at)

    repositories = {"products": Products}


class TruncatedText(Defect):
    """Cuts text after 64 KiB without an error."""

    caught_by = "test_values.py::test_lengths_count_code_points"

    class Posts(RepositoryWrapper):
        async def add(self, draft: PostDraft, *rest: Any) -> Any:
            cut = draft.content.encode()[:65_535].decode(errors="ignore")
            return await self.inner.add(replace(draft, content=cut), *rest)

    repositories = {"posts": Posts}


class LocalTime(Defect):
    """Returns times in local time."""

    caught_by = "test_values.py::test_times_around_clock_changes_are_kept"

    class Tags(RepositoryWrapper):
        async def get(self, id: int) -> Tag:
            found: Tag = await self.inner.get(id)
            return replace(found, created_at=found.created_at + timedelta(hours=1))

    readers = {"tags": Tags}


class WholeSeconds(Defect):
    """Cuts times to seconds."""

    caught_by = "test_values.py::test_times_are_utc_with_milliseconds"

    class Users(RepositoryWrapper):
        async def add(self, drafts: Sequence[UserDraft], hashes: Sequence[str], at: datetime) -> Any:
            return await self.inner.add(drafts, hashes, at.replace(microsecond=0))

    repositories = {"users": Users}


class _Folding(RepositoryWrapper):
    """Compares category names after ``fold``, as a collation would."""

    @staticmethod
    def fold(name: str) -> str:
        return name

    async def add(self, drafts: Sequence[CategoryDraft], at: datetime) -> Any:
        taken = self.state.setdefault("names", set())
        for draft in drafts:
            if self.fold(draft.name) in taken:
                raise Duplicate(["name"], "categories")
        made = await self.inner.add(drafts, at)
        taken.update(self.fold(draft.name) for draft in drafts)
        return made


class FoldedCase(Defect):
    """Treats ``Shoes`` and ``shoes`` as equal names."""

    caught_by = "test_uniqueness.py::test_category_names_are_compared_exactly"

    class Categories(_Folding):
        @staticmethod
        @override
        def fold(name: str) -> str:
            return name.casefold()

    repositories = {"categories": Categories}


class FoldedSpace(Defect):
    """Ignores a trailing space in names."""

    caught_by = "test_units_of_work.py::test_trailing_space_makes_another_name"

    class Categories(_Folding):
        @staticmethod
        @override
        def fold(name: str) -> str:
            return name.rstrip()

    repositories = {"categories": Categories}


class EqualNulls(Defect):
    """Treats products without a category as products of one category."""

    caught_by = "test_uniqueness.py::test_uncategorized_products_may_share_a_name"

    class Products(RepositoryWrapper):
        async def add(self, drafts: Sequence[ProductDraft], at: datetime) -> Any:
            taken = self.state.setdefault("names", set())
            if any(draft.category_id is None and draft.name in taken for draft in drafts):
                raise Duplicate(["name"], "products")
            taken.update(draft.name for draft in drafts)
            return await self.inner.add(drafts, at)

    repositories = {"products": Products}


class FirstDuplicateOnly(Defect):
    """Names only the first of several taken fields."""

    caught_by = "test_uniqueness.py::test_taken_fields_are_named_in_declared_order"

    @override
    async def run(self, work: Any) -> Any:
        try:
            return await super().run(work)
        except Duplicate as duplicate:
            raise Duplicate(duplicate.fields[:1], duplicate.aggregate) from None


VALUES = [FloatMoney, TruncatedText, LocalTime, WholeSeconds, FoldedCase, FoldedSpace, EqualNulls, FirstDuplicateOnly]
