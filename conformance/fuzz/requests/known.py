"""The names that a sequence has used so far. Whether their entities exist, only the storages know."""

from collections import defaultdict
from collections.abc import Sequence

from hypothesis import strategies as st

from conformance.fuzz.steps import NOTHING, Step

_CREATING_PATHS = {
    "/users": "user",
    "/categories": "category",
    "/products": "product",
    "/orders": "order",
    "/orders/with-notifications": "order",
    "/posts": "post",
    "/tags": "tag",
    "/accounts": "account",
}


class KnownNames:
    """Names by kind, as in ``user1``."""

    def __init__(self) -> None:
        self._names: defaultdict[str, list[str]] = defaultdict(list)

    def reference(self, kind: str) -> st.SearchStrategy[str]:
        """A reference to an entity of a kind; sometimes to none."""
        names = [f"@{name}" for name in self._names[kind]]
        return st.sampled_from([*names, *names, *names, *names, f"@{kind}0"])

    def has(self, kind: str) -> bool:
        """Whether a request has created an entity of this kind."""
        return bool(self._names[kind])

    def bind_names(self, step: Step) -> Step:
        """``step`` with new names for the entities that it creates."""
        path = step.path.partition("?")[0].removesuffix("/")
        kind = "payment" if path.endswith("/payments") else _CREATING_PATHS.get(path.removesuffix("/bulk"))
        if step.method != "POST" or kind is None or step.body is NOTHING:
            return step
        count = len(step.body) if path.endswith("/bulk") and isinstance(step.body, list) else 1
        return step.with_names(*self._new(kind, count))

    def _new(self, kind: str, count: int) -> Sequence[str]:
        names = self._names[kind]
        first = len(names) + 1
        names += [f"{kind}{number}" for number in range(first, first + count)]
        return names[-count:] if count else ()
