"""Requests that only read."""

from urllib.parse import quote

from hypothesis import strategies as st

from conformance.fuzz.requests import pools
from conformance.fuzz.requests.known import KnownNames
from conformance.fuzz.steps import Step

Steps = st.SearchStrategy[Step]
Texts = st.SearchStrategy[str]

_SORTS = {
    "user": ["username"],
    "category": ["name"],
    "product": ["name", "price", "stock_quantity", "sku"],
    "order": ["total_amount"],
    "post": ["title", "view_count", "published_at"],
    "tag": ["name"],
}
_FLAGS = st.sampled_from(["true", "false"])
_PRICES = st.sampled_from(["0", "0.03", "1.00", "2.5", "100", "99999999.99"])
_NUMBERS = st.sampled_from(["1", "2", "10"])


def reads(known: KnownNames) -> Steps:
    """Any request that reads."""
    return st.one_of(_lists(known), _lists(known), _lists(known), _other_reads(known)).map(
        lambda path: Step("GET", path)
    )


def _lists(known: KnownNames) -> Texts:
    tags = pools.tags.filter(bool).map(lambda names: names[0])
    posts = {"author_id": known.reference("user"), "tag": tags, "status": st.sampled_from(["draft", "published"])}
    products = {
        "category_id": known.reference("category"),
        "min_price": _PRICES,
        "max_price": _PRICES,
        "is_active": _FLAGS,
        "search": pools.searches,
    }
    orders = {"status": st.sampled_from(["pending", "cancelled"]), "user_id": known.reference("user")}
    return st.one_of(
        _list("/users", "user", {"is_active": _FLAGS, "search": pools.searches}),
        _list("/users/search", "user", {}, q=pools.searches.filter(str.strip)),
        _list("/categories", "category", {}),
        _list("/products", "product", products),
        _list("/products", "product", products),
        _list("/products/with-categories", "product", {}),
        _list("/products/low-stock", "", {"threshold": _NUMBERS}),
        _list("/orders", "order", orders),
        _list("/posts", "post", {**posts, "search": pools.searches}),
        _list("/tags", "tag", {}),
        known.reference("user").flatmap(lambda user: _list(f"/orders/user/{user}", "order", {})),
        known.reference("user").flatmap(lambda user: _list(f"/users/{user}/notifications", "other", {})),
        known.reference("tag").flatmap(lambda tag: _list(f"/tags/{tag}/posts", "post", {})),
        _list("/accounts", "other", {"user_id": known.reference("user")}),
        _list("/payments", "other", {"order_id": known.reference("order"), "status": st.just("completed")}),
        known.reference("order").flatmap(lambda order: _list(f"/orders/{order}/payments", "other", {})),
        known.reference("account").flatmap(lambda account: _list(f"/accounts/{account}/transfers", "other", {})),
    )


def _list(path: str, kind: str, filters: dict[str, Texts], **required: Texts) -> Texts:
    """A page of a list, by number or by cursor, with any sort and filters."""
    fields = ["created_at", "id", *_SORTS.get(kind, [])]
    sorts = st.sampled_from([sign + field for field in fields for sign in ("", "-")])
    sizes = st.sampled_from(["1", "2", "3", "20"])
    position = {"page": _NUMBERS, "page_size": sizes} | ({"sort": sorts} if kind else {})
    by_number = st.fixed_dictionaries(required, optional=filters | position)
    first = {"cursor": st.just(""), "page_size": sizes}
    first_page = st.fixed_dictionaries(required | first, optional=filters | ({"sort": sorts} if kind else {}))
    following = st.fixed_dictionaries(required | {"cursor": st.just("@cursor"), "page_size": sizes}, optional=filters)
    return st.one_of(by_number, by_number, first_page, following, following).map(lambda query: _with_query(path, query))


def _with_query(path: str, query: dict[str, str]) -> str:
    """A path with a query; references stay as they are, other values are percent-encoded."""
    parts = [f"{name}={value if _is_reference(value) else quote(value, safe='')}" for name, value in query.items()]
    return path + ("?" + "&".join(parts) if parts else "")


def _is_reference(value: str) -> bool:
    return value.startswith("@") and value[1:].isascii() and value[1:].isalnum()


def _other_reads(known: KnownNames) -> Texts:
    user, product, order = known.reference("user"), known.reference("product"), known.reference("order")
    category = known.reference("category")
    part = st.sampled_from(["", "?page_size=1", "?page=2&page_size=2"])
    return st.one_of(
        user.map(lambda name: f"/users/{name}"),
        st.tuples(user, part).map(lambda pair: f"/users/{pair[0]}/with-posts{pair[1]}"),
        user.map(lambda name: f"/users/by-email/{name}.email"),
        pools.emails.map(lambda email: f"/users/by-email/{quote(email)}"),
        st.sampled_from(["", "?limit=1", "?limit=2"]).map(lambda limit: f"/users/top-spenders{limit}"),
        st.tuples(category, part).map(lambda pair: f"/categories/{pair[0]}/products{pair[1]}"),
        product.map(lambda name: f"/products/{name}/"),
        product.map(lambda name: f"/products/by-sku/{name}.sku"),
        pools.skus.map(lambda sku: f"/products/by-sku/{sku}"),
        product.map(lambda name: f"/products/by-slug/{name}.slug"),
        order.map(lambda name: f"/orders/{name}"),
        order.map(lambda name: f"/orders/{name}/details"),
        known.reference("post").map(lambda name: f"/posts/{name}"),
        known.reference("account").map(lambda name: f"/accounts/{name}"),
        st.sampled_from(
            ["/categories/tree", "/products/by-category-stats", "/orders/stats/summary", "/users/stats/active-count"]
        ),
    )
