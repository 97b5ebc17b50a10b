"""Requests that only look."""

from urllib.parse import quote

from hypothesis import strategies as st

from conformance.fuzz.requests import pools
from conformance.fuzz.requests.known import Known
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


def reads(known: Known) -> Steps:
    """Any request that looks at something."""
    return st.one_of(_lists(known), _lists(known), _lists(known), _others(known)).map(lambda path: Step("GET", path))


def _lists(known: Known) -> Texts:
    tags = pools.tags.filter(bool).map(lambda names: names[0])
    posts = {"author_id": known.some("user"), "tag": tags, "status": st.sampled_from(["draft", "published"])}
    products = {
        "category_id": known.some("category"),
        "min_price": _PRICES,
        "max_price": _PRICES,
        "is_active": _FLAGS,
        "search": pools.searches,
    }
    orders = {"status": st.sampled_from(["pending", "cancelled"]), "user_id": known.some("user")}
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
        known.some("user").flatmap(lambda user: _list(f"/orders/user/{user}", "order", {})),
        known.some("user").flatmap(lambda user: _list(f"/users/{user}/notifications", "other", {})),
        known.some("tag").flatmap(lambda tag: _list(f"/tags/{tag}/posts", "post", {})),
        known.some("account").flatmap(lambda account: _list(f"/accounts/{account}/transfers", "other", {})),
    )


def _list(path: str, kind: str, filters: dict[str, Texts], **needed: Texts) -> Texts:
    """A page by number or by cursor, sorted in some way, of a list narrowed in some way."""
    fields = ["created_at", "id", *_SORTS.get(kind, [])]
    sorts = st.sampled_from([sign + field for field in fields for sign in ("", "-")])
    sizes = st.sampled_from(["1", "2", "3", "20"])
    place = {"page": _NUMBERS, "page_size": sizes} | ({"sort": sorts} if kind else {})
    numbered = st.fixed_dictionaries(needed, optional=filters | place)
    begun = {"cursor": st.just(""), "page_size": sizes}
    walk = st.fixed_dictionaries(needed | begun, optional=filters | ({"sort": sorts} if kind else {}))
    further = st.fixed_dictionaries(needed | {"cursor": st.just("@cursor"), "page_size": sizes}, optional=filters)
    return st.one_of(numbered, numbered, walk, further, further).map(lambda query: _with(path, query))


def _with(path: str, query: dict[str, str]) -> str:
    """Names are left as they are; everything else is percent-encoded."""
    parts = [f"{name}={value if _is_name(value) else quote(value, safe='')}" for name, value in query.items()]
    return path + ("?" + "&".join(parts) if parts else "")


def _is_name(value: str) -> bool:
    return value.startswith("@") and value[1:].isascii() and value[1:].isalnum()


def _others(known: Known) -> Texts:
    user, product, order = known.some("user"), known.some("product"), known.some("order")
    category = known.some("category")
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
        known.some("post").map(lambda name: f"/posts/{name}"),
        known.some("account").map(lambda name: f"/accounts/{name}"),
        st.sampled_from(
            ["/categories/tree", "/products/by-category-stats", "/orders/stats/summary", "/users/stats/active-count"]
        ),
    )
