"""Users and their notifications."""

from typing import Any

from conformance.fuzz.model.bodies import Field, draft, optional, patch
from conformance.fuzz.model.checks import EMAIL, USERNAME, array, boolean, normalize, password, text
from conformance.fuzz.model.lists import (
    BOOLEAN,
    LIST_PARAMETERS,
    REQUIRED_SEARCH,
    SEARCH,
    SUBLIST_PARAMETERS,
    list_page,
    sublist,
)
from conformance.fuzz.model.orders import restock
from conformance.fuzz.model.payments import refund_order
from conformance.fuzz.model.posts import post_to_json
from conformance.fuzz.model.requests import MANDATORY, Parameter, Request, Route, integer_text
from conformance.fuzz.model.responses import Response, not_found, referenced
from conformance.fuzz.model.shop import Record, ShopModel, check_distinct
from conformance.fuzz.model.values import fold, format_money, format_time, matches_search

_DAY = 86_400_000

_FIELDS = {
    "username": Field(USERNAME),
    "email": Field(EMAIL),
    "full_name": optional(text(0, 100)),
    "bio": optional(text(0, 1000)),
    "is_active": Field(boolean, True),
}
_REGISTRATION = draft({**_FIELDS, "password": Field(password)})
_REPLACEMENT = draft({**_FIELDS, "password": Field(password, None)})
_PATCH = patch({**_FIELDS, "password": Field(password)})

_UNIQUE = {"username": lambda row: fold(row["username"]), "email": lambda row: fold(row["email"])}


def _register(shop: ShopModel, drafts: list[Record], *, bulk: bool) -> list[Record]:
    rows = [{name: row[name] for name in _FIELDS} | {"is_superuser": False} for row in drafts]
    check_distinct(_UNIQUE, rows)
    shop.check_unique("user", _UNIQUE, rows, bulk=bulk)
    return [shop.add("user", row, index if bulk else None) for index, row in enumerate(rows)]


def _create(shop: ShopModel, request: Request) -> Response:
    [user] = _register(shop, [request.body], bulk=False)
    return Response(201, dict(user))


def _create_many(shop: ShopModel, request: Request) -> Response:
    return Response(201, [dict(user) for user in _register(shop, request.body, bulk=True)])


def _matches(user: Record, wanted: str) -> bool:
    return any(matches_search(user[name], wanted) for name in ("username", "email", "full_name"))


def _list(shop: ShopModel, request: Request) -> Response:
    rows = shop.select("user") if request.query["is_active"] is None else shop.select("user", **_only_active(request))
    return list_page(shop, request, [row for row in rows if _matches(row, request.query["search"] or "")], ["username"])


def _only_active(request: Request) -> dict[str, Any]:
    return {"is_active": request.query["is_active"]}


def _search(shop: ShopModel, request: Request) -> Response:
    return list_page(
        shop, request, [row for row in shop.select("user") if _matches(row, request.query["q"])], ["username"]
    )


def _count_active(shop: ShopModel, _: Request) -> Response:
    return Response(200, {"active_users": len(shop.select("user", is_active=True))})


def _top_spenders(shop: ShopModel, request: Request) -> Response:
    spent = []
    for user in shop.select("user"):
        orders = [order for order in shop.select("order", user_id=user["id"]) if order["status"] != "cancelled"]
        if orders:
            spent.append((-sum(order["total_amount"] for order in orders), user["id"], len(orders), user))
    best = [
        {
            "user_id": key,
            "username": user["username"],
            "email": user["email"],
            "order_count": count,
            "total_spent": format_money(-total),
        }
        for total, key, count, user in sorted(spent, key=lambda row: row[:2])
    ]
    return Response(200, best[: request.query["limit"]])


def _by_email(shop: ShopModel, request: Request) -> Response:
    email = normalize(request.path["email"])
    for user in shop.select("user"):
        if email is not None and fold(user["email"]) == fold(email):
            return Response(200, dict(user))
    raise not_found("user", email)


def _by_username(shop: ShopModel, request: Request) -> Response:
    name = normalize(request.path["username"])
    for user in shop.select("user"):
        if name is not None and fold(user["username"]) == fold(name):
            return Response(200, dict(user))
    raise not_found("user", name)


def _deactivate_stale(shop: ShopModel, request: Request) -> Response:
    before = format_time(shop.now - request.query["days"] * _DAY)
    stale = [user for user in shop.select("user", is_active=True) if user["updated_at"] < before]
    for user in stale:
        shop.change(user, {"is_active": False})
    return Response(200, {"deactivated_count": len(stale)})


def _delete_inactive(shop: ShopModel, _: Request) -> Response:
    inactive = shop.select("user", is_active=False)
    kept = {user["id"]: _refusal(shop, user, inactive) for user in inactive}
    for user in inactive:
        if user["email"].endswith("@anonymous.invalid"):
            kept[user["id"]] = "The user was anonymised, so that its orders and payments are kept."
        if kept[user["id"]] is None:
            _remove(shop, user)
    reasons = [{"id": key, "reason": reason} for key, reason in kept.items() if reason is not None]
    return Response(200, {"deleted_count": len(inactive) - len(reasons), "kept": reasons})


def _refusal(shop: ShopModel, user: Record, leaving: list[Record]) -> str | None:
    """Why a user cannot be deleted, when open orders of all that are leaving are cancelled; None if it can."""
    refunded = {
        payment["account_id"]
        for other in leaving
        for order in shop.select("order", user_id=other["id"], status="confirmed")
        for payment in shop.select("payment", order_id=order["id"])
        if payment["refunded_amount"] < payment["amount"]
    }
    accounts = shop.select("account", user_id=user["id"])
    full = [f"account {one['id']}" for one in accounts if one["balance"] or one["id"] in refunded]
    if not full:
        return None
    return f"The user cannot be deleted while it has money, or gets some back: {', '.join(full)}."


def _get(shop: ShopModel, request: Request) -> Response:
    return Response(200, dict(shop.find("user", request.id)))


def _change(shop: ShopModel, request: Request) -> Response:
    user = shop.find("user", request.id)
    changes = {name: value for name, value in request.body.items() if name != "password"}
    shop.check_unique("user", _UNIQUE, [user | changes])
    if request.body.get("password") is not None:
        user.update(changes)
        shop.touch(user)
    return Response(200, dict(shop.change(user, changes)))


def _delete(shop: ShopModel, request: Request) -> Response:
    user = shop.find("user", request.id)
    reason = _refusal(shop, user, [user])
    if reason is not None:
        raise referenced("user", "accounts", reason)
    _remove(shop, user)
    return Response(204)


def _remove(shop: ShopModel, user: Record) -> None:
    orders = shop.select("order", user_id=user["id"])
    open_orders = [order for order in orders if order["status"] in ("pending", "confirmed")]
    for order in open_orders:
        refund_order(shop, order, only_open=True)
    restock(shop, open_orders)
    for kind, rows in (
        ("post", shop.select("post", author_id=user["id"])),
        ("payment", [row for order in orders for row in shop.select("payment", order_id=order["id"])]),
        ("notification", shop.select("notification", user_id=user["id"])),
        ("order", orders),
        ("account", shop.select("account", user_id=user["id"])),
        ("user", [user]),
    ):
        for row in rows:
            del shop.rows[kind][row["id"]]


def _deactivate(shop: ShopModel, request: Request) -> Response:
    user = shop.change(shop.find("user", request.id), {"is_active": False})
    return Response(200, {"message": f"User {user['id']} is inactive."})


def _with_posts(shop: ShopModel, request: Request) -> Response:
    user = shop.find("user", request.id)
    posts = sublist(request, shop.select("post", author_id=user["id"]))
    return Response(200, user | {"posts": [post_to_json(shop, post) for post in posts]})


def _notifications(shop: ShopModel, request: Request) -> Response:
    rows = shop.select("notification", user_id=request.id)
    page = list_page(shop, request, rows, [])
    if page.status == 200 and not page.body["items"]:
        shop.find("user", request.id)
    return page


def _read_notification(shop: ShopModel, request: Request) -> Response:
    return Response(200, dict(shop.change(shop.find("notification", request.id), {"is_read": True})))


ROUTES = (
    Route("POST", "/users", _create, _REGISTRATION),
    Route("POST", "/users/bulk", _create_many, array(_REGISTRATION, 1, 1000)),
    Route("GET", "/users", _list, query={**LIST_PARAMETERS, "is_active": BOOLEAN, "search": SEARCH}),
    Route("GET", "/users/search", _search, query={**LIST_PARAMETERS, "q": REQUIRED_SEARCH}),
    Route("GET", "/users/stats/active-count", _count_active),
    Route("GET", "/users/top-spenders", _top_spenders, query={"limit": Parameter(integer_text(1, 100), 10)}),
    Route("GET", "/users/by-email/{email}", _by_email),
    Route("GET", "/users/by-username/{username}", _by_username),
    Route(
        "PATCH",
        "/users/bulk/deactivate",
        _deactivate_stale,
        query={"days": Parameter(integer_text(0, 36_500), MANDATORY)},
    ),
    Route("DELETE", "/users/bulk/inactive", _delete_inactive),
    Route("GET", "/users/{id}", _get),
    Route("PUT", "/users/{id}", _change, _REPLACEMENT),
    Route("PATCH", "/users/{id}", _change, _PATCH),
    Route("DELETE", "/users/{id}", _delete),
    Route("DELETE", "/users/{id}/soft", _deactivate),
    Route("GET", "/users/{id}/with-posts", _with_posts, query=SUBLIST_PARAMETERS),
    Route("GET", "/users/{id}/notifications", _notifications, query=LIST_PARAMETERS),
    Route("POST", "/notifications/{id}/read", _read_notification),
)
