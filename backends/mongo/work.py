"""A unit of work: what it has locked, what it relies on, what it has written, and how it ends.

MongoDB locks a document when it is written, and refuses a write to one that changed after the unit of work began. So a
lock or a reference is a promise to write: whatever a unit of work relied on and did not write itself is written to
before it commits, all of a collection in one command. If anybody changed or removed it meanwhile, one of the two fails.
A unit of work that wrote nothing needs none of this: what it read is one snapshot.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from backends.mongo.claims import Claim
from backends.mongo.collection import Collection
from backends.mongo.errors import Clash
from backends.mongo.ids import Ids

Id = int | str


class Session(Protocol):
    """The engine's part of a unit of work."""

    def collection(self, name: str) -> Collection:
        """The collection of this name, used within the unit of work."""
        ...

    async def commit(self) -> None:
        """Make everything visible and durable.

        Raises:
            TransientConflict: nothing was kept.
            Unavailable: the server did not say whether it was kept.
        """
        ...


class Work:
    """A unit of work in progress. It knows documents by their ``_id``: a number, or the key of a ticket."""

    def __init__(self, session: Session, ids: Ids) -> None:
        self._session = session
        self._locked: dict[tuple[str, Id], Any] = {}
        self._relied: defaultdict[str, set[Id]] = defaultdict(set)
        self._settled: defaultdict[str, set[Id]] = defaultdict(set)
        self._claims: list[Claim] = []
        self._wrote = False
        self.ids = ids

    def collection(self, name: str) -> Collection:
        """See ``Source``."""
        return self._session.collection(name)

    def lock(self, name: str, entity: Any, key: str | None = None) -> None:
        """Hold an entity that was just read against changes by others; ``key`` is for those without an ``id``."""
        key_or_id = key or entity.id
        self._locked[name, key_or_id] = entity
        self.rely(name, [key_or_id])

    def locked(self, name: str, id: Id) -> Any:
        """The entity as it was locked or last saved; None if it was not."""
        return self._locked.get((name, id))

    def rely(self, name: str, ids: Iterable[Id]) -> None:
        """Require that documents still exist, unchanged by others, when the unit of work commits."""
        self._relied[name].update(ids)

    def claim(self, claim: Claim, before: Mapping[str, Any] | None = None) -> None:
        """Register what a write needs, and rely on the references that differ from those ``before``."""
        self._claims.append(claim)
        for field, target in claim.references.items():
            unchanged = {None, before.get(field) if before else None}
            self.rely(target, {row[field] for row in claim.written if row[field] not in unchanged})

    def settle(self, name: str, ids: Iterable[Id]) -> None:
        """Note that the unit of work has written these documents."""
        self._settled[name].update(ids)
        self._wrote = True

    def forget(self, name: str, ids: Iterable[Id]) -> None:
        """Note that the unit of work has removed these documents."""
        self._settled[name].difference_update(ids)
        self._relied[name].difference_update(ids)
        self._wrote = True

    def forget_where(self, name: str, gone: Callable[[Any], bool]) -> None:
        """Note that it has removed documents along with others: of those it has locked, the ones that are ``gone``."""
        self.forget(name, [key for (kind, key), entity in self._locked.items() if kind == name and gone(entity)])

    async def finish(self) -> None:
        """Write to what was relied on, and commit.

        Raises:
            Clash: some of it does not exist.
        """
        if self._wrote:
            for name in sorted(self._relied):
                await self._hold(name, self._relied[name] - self._settled[name])
        await self._session.commit()

    async def _hold(self, name: str, ids: set[Id]) -> None:
        if ids:
            held = await self.collection(name).update_many({"_id": {"$in": list(ids)}}, {"$inc": {"holds": 1}})
            if held != len(ids):
                raise Clash(self._claims)
