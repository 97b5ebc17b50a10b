"""Requests that change data, most of which succeed."""

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from conformance.fuzz.requests import pools
from conformance.fuzz.requests.known import KnownNames
from conformance.fuzz.steps import NOTHING, Step

Steps = st.SearchStrategy[Step]
Bodies = st.SearchStrategy[Any]


def writes(known: KnownNames) -> Steps:
    """Any request that changes data."""
    return st.sampled_from(_usable_makers(known)).flatmap(lambda make: make(known))


def pairs(known: KnownNames) -> st.SearchStrategy[tuple[Step, Step]]:
    """Two concurrent requests: of any kinds, of the same kind, or the same request twice."""
    makers = _usable_makers(known)
    either = st.sampled_from([*makers, _single_reads]).flatmap(lambda make: make(known))
    same = st.sampled_from(makers).flatmap(lambda make: st.tuples(make(known), make(known)))
    twice = writes(known).map(lambda step: (step, step))
    return st.one_of(st.tuples(either, either), same, same, twice)


def _send(method: str, path: str | st.SearchStrategy[str], body: Any = NOTHING) -> Steps:
    paths = st.just(path) if isinstance(path, str) else path
    bodies = body if isinstance(body, st.SearchStrategy) else st.just(body)
    return st.builds(Step, st.just(method), paths, bodies, wait=pools.waits)


def _path_below(known: KnownNames, kind: str, rest: str = "") -> st.SearchStrategy[str]:
    plural = {"category": "categories"}.get(kind, f"{kind}s")
    return known.reference(kind).map(lambda name: f"/{plural}/{name}{rest}")


def _body(required: dict[str, Bodies], others: dict[str, Bodies]) -> Bodies:
    return st.fixed_dictionaries(required, optional=others)


def _partial(fields: dict[str, Bodies]) -> Bodies:
    """Some of the fields; null only where a change accepts it."""
    return st.fixed_dictionaries({}, optional=fields)


def _edits(known: KnownNames, kind: str, required: dict[str, Bodies], others: dict[str, Bodies]) -> Steps:
    path = _path_below(known, kind)
    return _send("PUT", path, _body(required, others)) | _send("PATCH", path, _partial(required | others))


def _removals(known: KnownNames, kind: str) -> Steps:
    return _send("DELETE", _path_below(known, kind))


def _user() -> tuple[dict[str, Bodies], dict[str, Bodies]]:
    others = {"full_name": pools.texts.map(lambda text: text and text[:100]), "bio": pools.texts}
    return {"username": pools.usernames, "email": pools.emails}, {**others, "is_active": pools.maybe_flags}


def _users(_: KnownNames) -> Steps:
    required, others = _user()
    body = _body({**required, "password": pools.passwords}, others)
    many = _send("POST", "/users/bulk", st.lists(body, min_size=1, max_size=3))
    return st.one_of(*[_send("POST", "/users", body)] * 4, many)


def _user_changes(known: KnownNames) -> Steps:
    required, others = _user()
    edit = _edits(known, "user", required, {**others, "password": pools.passwords})
    soft = _send("DELETE", _path_below(known, "user", "/soft"))
    days = st.sampled_from([0, 1, 2, 36_500]).map(lambda count: f"/users/bulk/deactivate?days={count}")
    stale = _send("PATCH", days)
    return st.one_of(edit, edit, soft, stale, _send("DELETE", "/users/bulk/inactive"), _removals(known, "user"))


def _category(known: KnownNames) -> tuple[dict[str, Bodies], dict[str, Bodies]]:
    others = {"description": pools.texts, "parent_id": st.none() | known.reference("category"), "slug": pools.slugs}
    return {"name": pools.names}, others


def _categories(known: KnownNames) -> Steps:
    return _send("POST", "/categories", _body(*_category(known)))


def _category_changes(known: KnownNames) -> Steps:
    moved = _send(
        "PATCH", _path_below(known, "category"), st.builds(lambda key: {"parent_id": key}, known.reference("category"))
    )
    return st.one_of(_edits(known, "category", *_category(known)), moved, moved, _removals(known, "category"))


def _product(known: KnownNames) -> tuple[dict[str, Bodies], dict[str, Bodies]]:
    required = {"name": pools.names, "price": pools.prices, "sku": pools.skus}
    others = {
        "slug": pools.slugs,
        "description": pools.texts,
        "stock_quantity": pools.stocks,
        "is_active": pools.maybe_flags,
        "category_id": st.none() | known.reference("category"),
    }
    return required, others


def _products(known: KnownNames) -> Steps:
    body = _body(*_product(known))
    many = _send("POST", "/products/bulk", st.lists(body, min_size=1, max_size=4))
    return st.one_of(*[_send("POST", "/products", body)] * 3, many)


def _product_changes(known: KnownNames) -> Steps:
    stock = _send(
        "POST", _path_below(known, "product", "/stock"), st.builds(lambda n: {"quantity_change": n}, pools.changes)
    )
    return st.one_of(_edits(known, "product", *_product(known)), stock, stock, _removals(known, "product"))


def _orders(known: KnownNames) -> Steps:
    line = st.fixed_dictionaries({"product_id": known.reference("product"), "quantity": pools.quantities})
    required = {"user_id": known.reference("user"), "items": st.lists(line, min_size=1, max_size=4)}
    body = _body(required, {"shipping_address": pools.texts})
    return _send("POST", st.sampled_from(["/orders", "/orders/with-notifications"]), body)


def _order_edits(known: KnownNames) -> Steps:
    line = st.fixed_dictionaries({"product_id": known.reference("product"), "quantity": pools.quantities})
    body = _partial({"items": st.lists(line, min_size=1, max_size=3), "shipping_address": pools.texts})
    return _send("PATCH", _path_below(known, "order"), body)


def _order_changes(known: KnownNames) -> Steps:
    def paid(name: str) -> Steps:
        amount = st.sampled_from([f"{name}.total_amount"] * 4 + ["1.00"])
        body = _body({"amount": amount, "method": st.just("card")}, {"reference": pools.texts})
        by_account = _body(
            {"amount": amount, "method": st.just("account"), "account_id": known.reference("account")}, {}
        )
        return _send("POST", f"/orders/{name}/payments", body | by_account)

    statuses = st.sampled_from(["confirmed", "cancelled", "cancelled", "shipped", "delivered", "pending"])
    move = st.tuples(_path_below(known, "order", "/status?new_status="), statuses).map("".join)
    read = known.reference("order").map(lambda name: f"/notifications/{name.replace('order', 'notification')}/read")
    return st.one_of(
        _send("PATCH", move), _send("PATCH", move), known.reference("order").flatmap(paid), _send("POST", read)
    )


def _post(known: KnownNames) -> tuple[dict[str, Bodies], dict[str, Bodies]]:
    required = {"title": pools.names, "content": pools.names, "author_id": known.reference("user")}
    others = {"slug": pools.slugs, "status": st.sampled_from(["draft", "published", "archived", None])}
    return required, {**others, "tags": st.none() | pools.tags}


def _posts(known: KnownNames) -> Steps:
    return _send("POST", "/posts", _body(*_post(known)))


def _post_changes(known: KnownNames) -> Steps:
    view = _send("POST", _path_below(known, "post", "/view"))
    return st.one_of(_edits(known, "post", *_post(known)), view, _removals(known, "post"))


_TAG = {"name": pools.tags.filter(bool).map(lambda names: names[0])}, {"slug": pools.slugs}


def _tags(_: KnownNames) -> Steps:
    return _send("POST", "/tags", _body(*_TAG))


def _tag_changes(known: KnownNames) -> Steps:
    return st.one_of(_edits(known, "tag", *_TAG), _removals(known, "tag"))


def _accounts(known: KnownNames) -> Steps:
    return _send("POST", "/accounts", _body({"user_id": known.reference("user")}, {"balance": pools.balances}))


def _transfers_and_deposits(known: KnownNames) -> Steps:
    account = known.reference("account")
    between = {"from_account_id": account, "to_account_id": account, "amount": pools.prices}
    transfer = _send("POST", "/accounts/transfers", _body(between, {}))
    deposit = _send("POST", _path_below(known, "account", "/deposit"), _body({"amount": pools.prices}, {}))
    return st.one_of(transfer, transfer, deposit, _removals(known, "account"))


def _refunds(known: KnownNames) -> Steps:
    return _send("POST", _path_below(known, "payment", "/refunds"), _body({"amount": pools.prices}, {}))


def _single_reads(known: KnownNames) -> Steps:
    """Reads of one entity by id, in one query; a read with several queries may see a change between them."""
    kinds = ("user", "category", "product", "order", "post", "tag", "account")
    return _send("GET", st.sampled_from(kinds).flatmap(lambda kind: _path_below(known, kind)))


Maker = Callable[[KnownNames], Steps]

MAKERS: Sequence[tuple[Maker, Sequence[str]]] = (
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
    (_order_edits, ("order",)),
    (_refunds, ("payment",)),
    (_posts, ("user",)),
    (_post_changes, ("post",)),
    (_tags, ()),
    (_tag_changes, ("tag",)),
    (_accounts, ("user",)),
    (_transfers_and_deposits, ("account",)),
)
"""Makers of requests, with the kinds of entity that they refer to."""


def _usable_makers(known: KnownNames) -> list[Maker]:
    return [make for make, kinds in MAKERS if all(map(known.has, kinds))]
