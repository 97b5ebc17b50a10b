"""Users and their notifications."""

from typing import Any

from conformance.fuzz.model.answers import Answer, not_found, referenced
from conformance.fuzz.model.asking import MANDATORY, Given, Parameter, Route, number
from conformance.fuzz.model.bodies import Field, draft, optional, patch
from conformance.fuzz.model.checks import EMAIL, USERNAME, cleaned, flag, many, password, text
from conformance.fuzz.model.lists import FLAG, PART, PHRASE, SEARCH, SORTED, listing, part
from conformance.fuzz.model.posts import shown_post
from conformance.fuzz.model.shop import Row, Shop, check_distinct
from conformance.fuzz.model.values import fold, holds, money, stamp

_DAY = 86_400_000

_CHOSEN = {
    "username": Field(USERNAME),
    "email": Field(EMAIL),
    "full_name": optional(text(0, 100)),
    "bio": optional(text(0, 1000)),
    "is_active": Field(flag, True),
}
_REGISTRATION = draft({**_CHOSEN, "password": Field(password)})
_REPLACEMENT = draft({**_CHOSEN, "password": Field(password, None)})
_PATCH = patch({**_CHOSEN, "password": Field(password)})

_UNIQUE = {"username": lambda row: fold(row["username"]), "email": lambda row: fold(row["email"])}


def _register(shop: Shop, drafts: list[Row], *, bulk: bool) -> list[Row]:
    rows = [{name: row[name] for name in _CHOSEN} | {"is_superuser": False} for row in drafts]
    check_distinct(_UNIQUE, rows)
    shop.require_free("user", _UNIQUE, rows, bulk=bulk)
    return [shop.add("user", row, index if bulk else None) for index, row in enumerate(rows)]


def _create(shop: Shop, given: Given) -> Answer:
    [user] = _register(shop, [given.body], bulk=False)
    return Answer(201, dict(user))


def _create_many(shop: Shop, given: Given) -> Answer:
    return Answer(201, [dict(user) for user in _register(shop, given.body, bulk=True)])


def _found(user: Row, wanted: str) -> bool:
    return any(holds(user[name], wanted) for name in ("username", "email", "full_name"))


def _list(shop: Shop, given: Given) -> Answer:
    rows = shop.where("user") if given.query["is_active"] is None else shop.where("user", **_only_active(given))
    return listing(shop, given, [row for row in rows if _found(row, given.query["search"] or "")], ["username"])


def _only_active(given: Given) -> dict[str, Any]:
    return {"is_active": given.query["is_active"]}


def _search(shop: Shop, given: Given) -> Answer:
    return listing(shop, given, [row for row in shop.where("user") if _found(row, given.query["q"])], ["username"])


def _count_active(shop: Shop, _: Given) -> Answer:
    return Answer(200, {"active_users": len(shop.where("user", is_active=True))})


def _top_spenders(shop: Shop, given: Given) -> Answer:
    spent = []
    for user in shop.where("user"):
        orders = [order for order in shop.where("order", user_id=user["id"]) if order["status"] != "cancelled"]
        if orders:
            spent.append((-sum(order["total_amount"] for order in orders), user["id"], len(orders), user))
    best = [
        {
            "user_id": key,
            "username": user["username"],
            "email": user["email"],
            "order_count": count,
            "total_spent": money(-total),
        }
        for total, key, count, user in sorted(spent, key=lambda row: row[:2])
    ]
    return Answer(200, best[: given.query["limit"]])


def _by_email(shop: Shop, given: Given) -> Answer:
    email = cleaned(given.path["email"])
    for user in shop.where("user"):
        if email is not None and fold(user["email"]) == fold(email):
            return Answer(200, dict(user))
    raise not_found("user", email)


def _deactivate_stale(shop: Shop, given: Given) -> Answer:
    before = stamp(shop.now - given.query["days"] * _DAY)
    stale = [user for user in shop.where("user", is_active=True) if user["updated_at"] < before]
    for user in stale:
        shop.change(user, {"is_active": False})
    return Answer(200, {"deactivated_count": len(stale)})


def _delete_inactive(shop: Shop, _: Given) -> Answer:
    inactive = shop.where("user", is_active=False)
    if any(shop.where("account", user_id=user["id"]) for user in inactive):
        raise referenced("user", "accounts")
    for user in inactive:
        _remove(shop, user)
    return Answer(200, {"deleted_count": len(inactive)})


def _get(shop: Shop, given: Given) -> Answer:
    return Answer(200, dict(shop.find("user", given.id)))


def _change(shop: Shop, given: Given) -> Answer:
    user = shop.find("user", given.id)
    changes = {name: value for name, value in given.body.items() if name != "password"}
    shop.require_free("user", _UNIQUE, [user | changes])
    if given.body.get("password") is not None:
        user.update(changes)
        shop.touch(user)
    return Answer(200, dict(shop.change(user, changes)))


def _delete(shop: Shop, given: Given) -> Answer:
    user = shop.find("user", given.id)
    if shop.where("account", user_id=user["id"]):
        raise referenced("user", "accounts")
    _remove(shop, user)
    return Answer(204)


def _remove(shop: Shop, user: Row) -> None:
    orders = shop.where("order", user_id=user["id"])
    for kind, rows in (
        ("post", shop.where("post", author_id=user["id"])),
        ("payment", [row for order in orders for row in shop.where("payment", order_id=order["id"])]),
        ("notification", shop.where("notification", user_id=user["id"])),
        ("order", orders),
        ("user", [user]),
    ):
        for row in rows:
            del shop.rows[kind][row["id"]]


def _deactivate(shop: Shop, given: Given) -> Answer:
    user = shop.change(shop.find("user", given.id), {"is_active": False})
    return Answer(200, {"message": f"User {user['id']} is inactive."})


def _with_posts(shop: Shop, given: Given) -> Answer:
    user = shop.find("user", given.id)
    posts = part(given, shop.where("post", author_id=user["id"]))
    return Answer(200, user | {"posts": [shown_post(shop, post) for post in posts]})


def _notifications(shop: Shop, given: Given) -> Answer:
    rows = shop.where("notification", user_id=given.id)
    page = listing(shop, given, rows, [])
    if page.status == 200 and not page.body["items"]:
        shop.find("user", given.id)
    return page


def _read_notification(shop: Shop, given: Given) -> Answer:
    return Answer(200, dict(shop.change(shop.find("notification", given.id), {"is_read": True})))


ROUTES = (
    Route("POST", "/users", _create, _REGISTRATION),
    Route("POST", "/users/bulk", _create_many, many(_REGISTRATION, 1, 1000)),
    Route("GET", "/users", _list, query={**SORTED, "is_active": FLAG, "search": SEARCH}),
    Route("GET", "/users/search", _search, query={**SORTED, "q": PHRASE}),
    Route("GET", "/users/stats/active-count", _count_active),
    Route("GET", "/users/top-spenders", _top_spenders, query={"limit": Parameter(number(1, 100), 10)}),
    Route("GET", "/users/by-email/{email}", _by_email),
    Route(
        "PATCH",
        "/users/bulk/deactivate",
        _deactivate_stale,
        query={"days": Parameter(number(0, 36_500), MANDATORY)},
    ),
    Route("DELETE", "/users/bulk/inactive", _delete_inactive),
    Route("GET", "/users/{id}", _get),
    Route("PUT", "/users/{id}", _change, _REPLACEMENT),
    Route("PATCH", "/users/{id}", _change, _PATCH),
    Route("DELETE", "/users/{id}", _delete),
    Route("DELETE", "/users/{id}/soft", _deactivate),
    Route("GET", "/users/{id}/with-posts", _with_posts, query=PART),
    Route("GET", "/users/{id}/notifications", _notifications, query=SORTED),
    Route("POST", "/notifications/{id}/read", _read_notification),
)
