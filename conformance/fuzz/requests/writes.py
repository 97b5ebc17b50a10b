"""Requests that change something, and would mostly succeed."""

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from conformance.fuzz.requests import pools
from conformance.fuzz.requests.known import Known
from conformance.fuzz.steps import NOTHING, Step

Steps = st.SearchStrategy[Step]
Bodies = st.SearchStrategy[Any]


def writes(known: Known) -> Steps:
    """Any request that changes something."""
    return st.sampled_from(_sensible(known)).flatmap(lambda make: make(known))


def pairs(known: Known) -> st.SearchStrategy[tuple[Step, Step]]:
    """Two requests to be sent at once: of any kinds, or two that are after the same thing."""
    makers = _sensible(known)
    either = st.sampled_from([*makers, _looks]).flatmap(lambda make: make(known))
    same = st.sampled_from(makers).flatmap(lambda make: st.tuples(make(known), make(known)))
    twice = writes(known).map(lambda step: (step, step))
    return st.one_of(st.tuples(either, either), same, same, twice)


def _send(method: str, path: str | st.SearchStrategy[str], body: Any = NOTHING) -> Steps:
    paths = st.just(path) if isinstance(path, str) else path
    bodies = body if isinstance(body, st.SearchStrategy) else st.just(body)
    return st.builds(Step, st.just(method), paths, bodies, wait=pools.waits)


def _below(known: Known, kind: str, rest: str = "") -> st.SearchStrategy[str]:
    plural = {"category": "categories"}.get(kind, f"{kind}s")
    return known.some(kind).map(lambda name: f"/{plural}/{name}{rest}")


def _parts(required: dict[str, Bodies], others: dict[str, Bodies]) -> Bodies:
    return st.fixed_dictionaries(required, optional=others)


def _any_part(fields: dict[str, Bodies]) -> Bodies:
    """Some of the fields; null only where it means something, so without what only a new object may leave out."""
    return st.fixed_dictionaries({}, optional=fields)


def _editing(known: Known, kind: str, required: dict[str, Bodies], others: dict[str, Bodies]) -> Steps:
    path = _below(known, kind)
    return _send("PUT", path, _parts(required, others)) | _send("PATCH", path, _any_part(required | others))


def _removing(known: Known, kind: str) -> Steps:
    return _send("DELETE", _below(known, kind))


def _user() -> tuple[dict[str, Bodies], dict[str, Bodies]]:
    others = {"full_name": pools.texts.map(lambda text: text and text[:100]), "bio": pools.texts}
    return {"username": pools.usernames, "email": pools.emails}, {**others, "is_active": pools.maybe_flags}


def _users(_: Known) -> Steps:
    required, others = _user()
    body = _parts({**required, "password": pools.passwords}, others)
    many = _send("POST", "/users/bulk", st.lists(body, min_size=1, max_size=3))
    return st.one_of(*[_send("POST", "/users", body)] * 4, many)


def _user_changes(known: Known) -> Steps:
    required, others = _user()
    edit = _editing(known, "user", required, {**others, "password": pools.passwords})
    soft = _send("DELETE", _below(known, "user", "/soft"))
    days = st.sampled_from([0, 1, 2, 36_500]).map(lambda count: f"/users/bulk/deactivate?days={count}")
    stale = _send("PATCH", days)
    return st.one_of(edit, edit, soft, stale, _send("DELETE", "/users/bulk/inactive"), _removing(known, "user"))


def _category(known: Known) -> tuple[dict[str, Bodies], dict[str, Bodies]]:
    others = {"description": pools.texts, "parent_id": st.none() | known.some("category"), "slug": pools.slugs}
    return {"name": pools.names}, others


def _categories(known: Known) -> Steps:
    return _send("POST", "/categories", _parts(*_category(known)))


def _category_changes(known: Known) -> Steps:
    moved = _send("PATCH", _below(known, "category"), st.builds(lambda key: {"parent_id": key}, known.some("category")))
    return st.one_of(_editing(known, "category", *_category(known)), moved, moved, _removing(known, "category"))


def _product(known: Known) -> tuple[dict[str, Bodies], dict[str, Bodies]]:
    required = {"name": pools.names, "price": pools.prices, "sku": pools.skus}
    others = {
        "slug": pools.slugs,
        "description": pools.texts,
        "stock_quantity": pools.stocks,
        "is_active": pools.maybe_flags,
        "category_id": st.none() | known.some("category"),
    }
    return required, others


def _products(known: Known) -> Steps:
    body = _parts(*_product(known))
    many = _send("POST", "/products/bulk", st.lists(body, min_size=1, max_size=4))
    return st.one_of(*[_send("POST", "/products", body)] * 3, many)


def _product_changes(known: Known) -> Steps:
    stock = _send(
        "POST", _below(known, "product", "/stock"), st.builds(lambda n: {"quantity_change": n}, pools.changes)
    )
    return st.one_of(_editing(known, "product", *_product(known)), stock, stock, _removing(known, "product"))


def _orders(known: Known) -> Steps:
    line = st.fixed_dictionaries({"product_id": known.some("product"), "quantity": pools.quantities})
    required = {"user_id": known.some("user"), "items": st.lists(line, min_size=1, max_size=4)}
    body = _parts(required, {"shipping_address": pools.texts})
    return _send("POST", st.sampled_from(["/orders", "/orders/with-notifications"]), body)


def _order_changes(known: Known) -> Steps:
    def paid(name: str) -> Steps:
        amount = st.sampled_from([f"{name}.total_amount"] * 4 + ["1.00"])
        body = _parts({"amount": amount, "method": st.just("card")}, {"reference": pools.texts})
        return _send("POST", f"/orders/{name}/payments", body)

    statuses = st.sampled_from(["confirmed", "cancelled", "cancelled", "shipped", "delivered", "pending"])
    move = st.tuples(_below(known, "order", "/status?new_status="), statuses).map("".join)
    read = known.some("order").map(lambda name: f"/notifications/{name.replace('order', 'notification')}/read")
    return st.one_of(_send("PATCH", move), _send("PATCH", move), known.some("order").flatmap(paid), _send("POST", read))


def _post(known: Known) -> tuple[dict[str, Bodies], dict[str, Bodies]]:
    required = {"title": pools.names, "content": pools.names, "author_id": known.some("user")}
    others = {"slug": pools.slugs, "status": st.sampled_from(["draft", "published", "archived", None])}
    return required, {**others, "tags": st.none() | pools.tags}


def _posts(known: Known) -> Steps:
    return _send("POST", "/posts", _parts(*_post(known)))


def _post_changes(known: Known) -> Steps:
    view = _send("POST", _below(known, "post", "/view"))
    return st.one_of(_editing(known, "post", *_post(known)), view, _removing(known, "post"))


_TAG = {"name": pools.tags.filter(bool).map(lambda names: names[0])}, {"slug": pools.slugs}


def _tags(_: Known) -> Steps:
    return _send("POST", "/tags", _parts(*_TAG))


def _tag_changes(known: Known) -> Steps:
    return st.one_of(_editing(known, "tag", *_TAG), _removing(known, "tag"))


def _accounts(known: Known) -> Steps:
    return _send("POST", "/accounts", _parts({"user_id": known.some("user")}, {"balance": pools.balances}))


def _money(known: Known) -> Steps:
    account = known.some("account")
    between = {"from_account_id": account, "to_account_id": account, "amount": pools.prices}
    transfer = _send("POST", "/accounts/transfers", _parts(between, {}))
    deposit = _send("POST", _below(known, "account", "/deposit"), _parts({"amount": pools.prices}, {}))
    return st.one_of(transfer, transfer, deposit)


def _looks(known: Known) -> Steps:
    """One thing by its id, in one look at the storage; what takes several may see a change in between."""
    kinds = ("user", "category", "product", "order", "post", "tag", "account")
    return _send("GET", st.sampled_from(kinds).flatmap(lambda kind: _below(known, kind)))


Maker = Callable[[Known], Steps]

WRITERS: Sequence[tuple[Maker, Sequence[str]]] = (
    (_users, ()),
    (_user_changes, ("user",)),
    (_categories, ()),
    (_category_changes, ("category",)),
    (_products, ()),
    (_product_changes, ("product",)),
    (_product_changes, ("product",)),
    (_orders, ("user", "product")),
    (_orders, ("user", "product")),
    (_order_changes, ("order",)),
    (_order_changes, ("order",)),
    (_posts, ("user",)),
    (_post_changes, ("post",)),
    (_tags, ()),
    (_tag_changes, ("tag",)),
    (_accounts, ("user",)),
    (_money, ("account",)),
)
"""Each with the kinds of thing that it needs in order to make sense."""


def _sensible(known: Known) -> list[Maker]:
    return [make for make, kinds in WRITERS if all(map(known.has, kinds))]
