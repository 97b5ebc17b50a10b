"""The round-trip budget of every operation of the API."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conformance.dataset import Dataset

MakeRequest = Callable[[Dataset], Any]


@dataclass(frozen=True, slots=True)
class RoundTripBudget:
    """A request, and the round trips that it may take.

    Attributes:
        operation: method and path, as in the API document.
        limit: round trips at most, BEGIN and COMMIT included.
        make_request: from a dataset, the URL and the body (None for no body); a coroutine if it creates data first.
        title: distinguishes the budgets of one operation.
    """

    operation: str
    limit: int
    make_request: MakeRequest
    title: str = ""

    @property
    def name(self) -> str:
        """Operation and title."""
        return f"{self.operation} {self.title}".strip()


ONE, PAGE, CURSOR, RELATED, RELATED_CURSOR, DETAILS, CHANGE, ORDER, BULK = 1, 2, 1, 3, 2, 3, 4, 6, 6

# What is added to those; also constant.
READY = 3  # a ping, whether there is a schema, its revision
NOTIFICATION = 3  # a savepoint, the notification, and the savepoint's release
LINKS = 2  # find the tags, and link them
UNLINK = 1  # tags that the post had before
NEW_TAGS = 3  # find free slugs, store the tags, read their ids
CASCADE = 1  # per type of entity that refers to this one: changed, deleted with it, or forbidding the deletion
REPLACED = 2  # lines that are deleted and stored anew
DEBIT = 2  # lock the account, and change its balance
REFUND = 2 + DEBIT  # lock the payments and save one; credit the account
USER_CASCADES = 5  # posts, orders, notifications, expiring entries, accounts: one each without cascades
USER_BOOKS = 8  # orders and their products, payments and their accounts, accounts of the user: locked and written
FIND = 1  # the ids of the entities
ANONYMISE = 5  # posts, found and deleted with their links; notifications; addresses
SESSIONS = 1  # ended by a new password

# With an `Idempotency-Key` a POST may take more, and its replay has a budget of its own.
IDEMPOTENCY = 2  # insert the key, and save the response under it
REPLAY_CHECK = 1  # before passwords are hashed
REPLAY = 4  # a unit of work that finds the key taken and reads the response


def _url(template: str) -> MakeRequest:
    """The URL without a body; ``{user}`` is the id of the dataset's user, and so on."""
    return lambda data: (_format(template, data), None)


def _format(template: str, data: Dataset) -> str:
    ids = {name: getattr(data, name)["id"] for name in ("user", "category", "tag", "account")}
    first = data.products[0]
    return template.format(**ids, product=first["id"], sku=first["sku"], slug=first["slug"], size=data.size)


def _send(template: str, body: Callable[[Dataset], Any]) -> MakeRequest:
    return lambda data: (_format(template, data), body(data))


async def _order(data: Dataset) -> tuple[str, Any]:
    return f"/orders/{(await data.order())['id']}", None


async def _details(data: Dataset) -> tuple[str, Any]:
    return f"/orders/{(await data.order())['id']}/details", None


async def _confirm(data: Dataset) -> tuple[str, Any]:
    return f"/orders/{(await data.order())['id']}/status?new_status=confirmed", None


async def _cancel(data: Dataset) -> tuple[str, Any]:
    return f"/orders/{(await data.order())['id']}/status?new_status=cancelled", None


async def _pay(data: Dataset) -> tuple[str, Any]:
    order = await data.order()
    return f"/orders/{order['id']}/payments", {"amount": order["total_amount"], "method": "card"}


async def _edit(data: Dataset) -> tuple[str, Any]:
    items = [{"product_id": product["id"], "quantity": 2} for product in data.products]
    return f"/orders/{(await data.order())['id']}", {"items": items}


async def _pay_by_account(data: Dataset) -> tuple[str, Any]:
    order, account = await data.order(), await data.shop.account({"id": data.account["user_id"]}, "99999999.99")
    body = {"amount": order["total_amount"], "method": "account", "account_id": account["id"]}
    return f"/orders/{order['id']}/payments", body


async def _paid(data: Dataset) -> Any:
    url, body = await _pay_by_account(data)
    return await data.shop.post(url, body)


async def _cancel_paid(data: Dataset) -> tuple[str, Any]:
    return f"/orders/{(await _paid(data))['order_id']}/status?new_status=cancelled", None


async def _order_payments(data: Dataset) -> tuple[str, Any]:
    return f"/orders/{(await _paid(data))['order_id']}/payments", None


async def _payment(data: Dataset) -> tuple[str, Any]:
    return f"/payments/{(await _paid(data))['id']}", None


async def _refund(data: Dataset) -> tuple[str, Any]:
    return f"/payments/{(await _paid(data))['id']}/refunds", {"amount": "0.01"}


async def _empty_account(data: Dataset) -> tuple[str, Any]:
    return f"/accounts/{(await data.shop.account({'id': data.account['user_id']}))['id']}", None


async def _post(data: Dataset) -> int:
    return int((await data.shop.post("/posts", data.post_body(*data.tag_names("known"))))["id"])


async def _get_post(data: Dataset) -> tuple[str, Any]:
    return f"/posts/{await _post(data)}", None


async def _view_post(data: Dataset) -> tuple[str, Any]:
    return f"/posts/{await _post(data)}/view", None


async def _retitle_post(data: Dataset) -> tuple[str, Any]:
    return f"/posts/{await _post(data)}", {"title": "Changed"}


async def _retag_post(data: Dataset) -> tuple[str, Any]:
    await _post(data)
    post = await data.shop.post("/posts", data.post_body())
    return f"/posts/{post['id']}", {"title": "Changed", "tags": data.tag_names("known")}


async def _newly_tag_post(data: Dataset) -> tuple[str, Any]:
    return f"/posts/{await _post(data)}", {"title": "Changed", "tags": data.tag_names("unused")}


async def _replace_post(data: Dataset) -> tuple[str, Any]:
    return f"/posts/{await _post(data)}", data.post_body(*data.tag_names("known")) | {"title": "Replaced"}


async def _new_post_known_tags(data: Dataset) -> tuple[str, Any]:
    await _post(data)
    return "/posts", data.post_body(*data.tag_names("known"))


async def _notification(data: Dataset) -> tuple[str, Any]:
    [newest] = (await data.shop.get(f"/users/{data.user['id']}/notifications?page_size=1"))["items"]
    return f"/notifications/{newest['id']}/read", None


async def _unordered_product(data: Dataset) -> tuple[str, Any]:
    return f"/products/{(await data.shop.product())['id']}", None


async def _inactive_users(data: Dataset) -> tuple[str, Any]:
    for user in (await data.shop.get("/users?is_active=false&page_size=100"))["items"]:  # some have an account
        await data.shop.client.patch(f"/users/{user['id']}", json={"is_active": True})
    inactive = data.bulk(lambda: data.shop.registration() | {"is_active": False})
    await data.shop.post("/users/bulk", inactive)
    return "/users/bulk/inactive", None


async def _inactive_user(data: Dataset) -> tuple[str, Any]:
    return f"/users/{(await data.shop.user(is_active=False))['id']}/anonymise", None


def _product_body(data: Dataset) -> Any:
    return data.shop.draft() | {"category_id": data.category["id"]}


def _unique_name(data: Dataset) -> str:
    return str(data.shop.registration()["username"])


def _list(
    operation: str, template: str, limit: int = PAGE, limit_by_cursor: int = CURSOR, title: str = ""
) -> list[RoundTripBudget]:
    """A list, by number and by cursor, with ``size`` rows per page."""
    size = f"{template}{'&' if '?' in template else '?'}page_size={{size}}"
    by_number = RoundTripBudget(operation, limit, _url(size), f"{title} by number")
    return [by_number, RoundTripBudget(operation, limit_by_cursor, _url(f"{size}&cursor="), f"{title} by cursor")]


READS = [
    RoundTripBudget("GET /", 0, _url("/")),
    RoundTripBudget("GET /livez", 0, _url("/livez")),
    RoundTripBudget("GET /health", ONE, _url("/health")),
    RoundTripBudget("GET /health/db", ONE, _url("/health/db")),
    RoundTripBudget("GET /readyz", READY, _url("/readyz")),
    *_list("GET /users", "/users"),
    *_list("GET /users/search", "/users/search?q=user"),
    RoundTripBudget("GET /users/stats/active-count", ONE, _url("/users/stats/active-count")),
    RoundTripBudget("GET /users/top-spenders", ONE, _url("/users/top-spenders?limit={size}")),
    RoundTripBudget("GET /users/by-email/{email}", ONE, lambda data: (f"/users/by-email/{data.user['email']}", None)),
    RoundTripBudget(
        "GET /users/by-username/{username}", ONE, lambda data: (f"/users/by-username/{data.user['username']}", None)
    ),
    RoundTripBudget("GET /users/{id}", ONE, _url("/users/{user}")),
    RoundTripBudget("GET /users/{id}/with-posts", ONE + RELATED, _url("/users/{user}/with-posts?page_size={size}")),
    *_list("GET /users/{id}/notifications", "/users/{user}/notifications"),
    *_list("GET /categories", "/categories"),
    RoundTripBudget("GET /categories/tree", ONE, _url("/categories/tree")),
    RoundTripBudget("GET /categories/{id}", ONE, _url("/categories/{category}")),
    RoundTripBudget("GET /categories/{id}/products", RELATED, _url("/categories/{category}/products?page_size={size}")),
    *_list("GET /products", "/products"),
    *_list(
        "GET /products", "/products?category_id={category}&min_price=1&is_active=true&search=product", title="filtered"
    ),
    *_list("GET /products/low-stock", "/products/low-stock?threshold=20000"),
    *_list("GET /products/with-categories", "/products/with-categories", RELATED, RELATED_CURSOR),
    RoundTripBudget("GET /products/by-category-stats", ONE, _url("/products/by-category-stats")),
    RoundTripBudget("GET /products/by-sku/{sku}", ONE, _url("/products/by-sku/{sku}")),
    RoundTripBudget("GET /products/by-slug/{slug}", ONE, _url("/products/by-slug/{slug}")),
    RoundTripBudget("GET /products/{id}", ONE, _url("/products/{product}")),
    RoundTripBudget("GET /products/{id}/with-category", 2 * ONE, _url("/products/{product}/with-category")),
    *_list("GET /orders", "/orders?user_id={user}&status=pending"),
    RoundTripBudget("GET /orders/stats/summary", ONE, _url("/orders/stats/summary")),
    RoundTripBudget("GET /orders/stats/summary", ONE, _url("/orders/stats/summary?user_id={user}"), "of a user"),
    *_list("GET /orders/user/{user_id}", "/orders/user/{user}"),
    RoundTripBudget("GET /orders/{id}", ONE, _order),
    RoundTripBudget("GET /orders/{id}/details", DETAILS, _details),
    RoundTripBudget("GET /orders/{id}/payments", PAGE, _order_payments),
    *_list("GET /payments", "/payments?status=completed"),
    RoundTripBudget("GET /payments/{id}", ONE, _payment),
    *_list("GET /posts", "/posts", RELATED, RELATED_CURSOR),
    RoundTripBudget("GET /posts/{id}", ONE, _get_post),
    *_list("GET /tags", "/tags"),
    RoundTripBudget("GET /tags/{id}", ONE, _url("/tags/{tag}")),
    *_list("GET /tags/{id}/posts", "/tags/{tag}/posts", RELATED, RELATED_CURSOR),
    *_list("GET /accounts", "/accounts?user_id={user}"),
    RoundTripBudget("GET /accounts/{id}", ONE, _url("/accounts/{account}")),
    *_list("GET /accounts/{id}/transfers", "/accounts/{account}/transfers"),
]

WRITES = [
    RoundTripBudget("POST /users", CHANGE, _send("/users", lambda data: data.shop.registration())),
    RoundTripBudget("POST /users/bulk", BULK, _send("/users/bulk", lambda data: data.bulk(data.shop.registration))),
    RoundTripBudget(
        "PUT /users/{id}", CHANGE + SESSIONS, _send("/users/{user}", lambda data: data.shop.registration())
    ),
    RoundTripBudget("PATCH /users/{id}", CHANGE, _send("/users/{user}", lambda data: {"bio": _unique_name(data)})),
    RoundTripBudget("POST /categories", CHANGE, _send("/categories", lambda data: {"name": _unique_name(data)})),
    RoundTripBudget(
        "PUT /categories/{id}", CHANGE, _send("/categories/{category}", lambda data: {"name": _unique_name(data)})
    ),
    RoundTripBudget(
        "PATCH /categories/{id}",
        CHANGE,
        _send("/categories/{category}", lambda data: {"description": _unique_name(data)}),
    ),
    RoundTripBudget("POST /products", CHANGE, _send("/products", _product_body)),
    RoundTripBudget(
        "POST /products/bulk", BULK, _send("/products/bulk", lambda data: data.bulk(lambda: _product_body(data)))
    ),
    RoundTripBudget("PUT /products/{id}", CHANGE, _send("/products/{product}", _product_body)),
    RoundTripBudget(
        "PATCH /products/{id}", CHANGE, _send("/products/{product}", lambda data: {"name": _unique_name(data)})
    ),
    RoundTripBudget(
        "POST /products/{id}/stock", CHANGE, _send("/products/{product}/stock", lambda data: {"quantity_change": 500})
    ),
    RoundTripBudget("POST /orders", ORDER, _send("/orders", Dataset.order_body)),
    RoundTripBudget(
        "POST /orders/with-notifications", ORDER + NOTIFICATION, _send("/orders/with-notifications", Dataset.order_body)
    ),
    RoundTripBudget("PATCH /orders/{id}", ORDER + REPLACED, _edit),
    RoundTripBudget("PATCH /orders/{id}/status", CHANGE, _confirm, "confirm"),
    RoundTripBudget("PATCH /orders/{id}/status", ORDER, _cancel, "cancel"),
    RoundTripBudget("PATCH /orders/{id}/status", ORDER + REFUND, _cancel_paid, "cancel and refund"),
    RoundTripBudget("POST /orders/{id}/payments", ORDER, _pay),
    RoundTripBudget("POST /orders/{id}/payments", ORDER + DEBIT, _pay_by_account, "by account"),
    RoundTripBudget("POST /payments/{id}/refunds", CHANGE + DEBIT, _refund),
    RoundTripBudget("POST /posts", CHANGE, _send("/posts", Dataset.post_body), "without tags"),
    RoundTripBudget("POST /posts", CHANGE + LINKS, _new_post_known_tags, "with known tags"),
    RoundTripBudget(
        "POST /posts",
        CHANGE + LINKS + NEW_TAGS,
        _send("/posts", lambda data: data.post_body(*data.tag_names("new"))),
        "with new tags",
    ),
    RoundTripBudget("PUT /posts/{id}", CHANGE + LINKS + UNLINK, _replace_post),
    RoundTripBudget("PATCH /posts/{id}", CHANGE, _retitle_post, "without tags"),
    RoundTripBudget("PATCH /posts/{id}", CHANGE + LINKS + UNLINK, _retag_post, "with known tags"),
    RoundTripBudget("PATCH /posts/{id}", CHANGE + LINKS + UNLINK + NEW_TAGS, _newly_tag_post, "with new tags"),
    RoundTripBudget("POST /posts/{id}/view", CHANGE, _view_post),
    RoundTripBudget("POST /tags", CHANGE, _send("/tags", lambda data: {"name": _unique_name(data)})),
    RoundTripBudget(
        "PUT /tags/{id}", CHANGE + CASCADE, _send("/tags/{tag}", lambda data: {"name": _unique_name(data)})
    ),
    RoundTripBudget(
        "PATCH /tags/{id}", CHANGE + CASCADE, _send("/tags/{tag}", lambda data: {"name": _unique_name(data)})
    ),
    RoundTripBudget("POST /accounts", CHANGE, _send("/accounts", lambda data: {"user_id": data.account["user_id"]})),
    RoundTripBudget("POST /accounts/transfers", ORDER, _send("/accounts/transfers", Dataset.transfer_body)),
    RoundTripBudget(
        "POST /accounts/{id}/deposit", CHANGE, _send("/accounts/{account}/deposit", lambda data: {"amount": "1.00"})
    ),
    RoundTripBudget("POST /notifications/{id}/read", CHANGE, _notification),
]

DELETES = [
    RoundTripBudget("DELETE /posts/{id}", CHANGE, _get_post),
    RoundTripBudget("DELETE /tags/{id}", CHANGE + CASCADE, _url("/tags/{tag}")),
    RoundTripBudget("DELETE /products/{id}", CHANGE, _unordered_product),
    RoundTripBudget("DELETE /categories/{id}", CHANGE + 2 * CASCADE, _url("/categories/{category}")),
    RoundTripBudget("DELETE /accounts/{id}", CHANGE, _empty_account),
    RoundTripBudget(
        "DELETE /users/bulk/inactive", 2 * (CHANGE + FIND + USER_CASCADES * CASCADE + USER_BOOKS), _inactive_users
    ),
    RoundTripBudget("DELETE /users/{id}/soft", CHANGE, _url("/users/{user}/soft")),
    RoundTripBudget("POST /users/{id}/anonymise", CHANGE + SESSIONS + ANONYMISE, _inactive_user),
    RoundTripBudget("DELETE /users/{id}", CHANGE + USER_CASCADES * CASCADE + USER_BOOKS, _url("/users/{user}")),
    RoundTripBudget("PATCH /users/bulk/deactivate", CHANGE, _url("/users/bulk/deactivate?days=0")),
]

BUDGETS = [*READS, *WRITES, *DELETES]
"""In the order in which they can be sent: deletions come last."""
