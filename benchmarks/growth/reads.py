"""Every reading request: a table of targets, with placeholders for what is drawn for each request."""

from collections.abc import Callable, Iterator, Mapping
from string import Formatter
from urllib.parse import quote

from benchmarks.growth import words
from benchmarks.growth.client import Client, Request, get
from benchmarks.growth.data import CATEGORIES, ROOTS
from benchmarks.growth.endpoint import Endpoint, EndpointKind
from core.storage import SortKind

Draw = Callable[[Client], object]

PAGE = 20
"""Default size of a page."""

_DEPTHS = {"start": None, "middle": 0.5, "far": 0.75, "end": 0.97}


def _random_id(kind: str) -> Draw:
    return lambda client: client.random_id(kind)


def _cursor_at_depths(kind: str, depth: float | None) -> Draw:
    return lambda client: "" if depth is None else client.random_cursor(kind, depth)


def _middle_page(kind: str) -> Draw:
    """A random one of the hundred pages in the middle, or of as many as there are."""

    def draw(client: Client) -> int:
        middle = client.shop.last[kind] // PAGE // 2
        reach = min(middle // 2, 50)
        return client.random.randint(middle - reach, middle + reach)

    return draw


_LISTED = ("products", "orders", "users", "posts")

_DRAWS: Mapping[str, Draw] = {
    **{
        f"{kind}_{depth_name}": _cursor_at_depths(kind, depth)
        for kind in _LISTED
        for depth_name, depth in _DEPTHS.items()
    },
    **{f"{kind}_page": _middle_page(kind) for kind in _LISTED},
    "product": _random_id("products"),
    "order": _random_id("orders"),
    "user": _random_id("users"),
    "post": _random_id("posts"),
    "category": _random_id("categories"),
    "tag": _random_id("tags"),
    "account": _random_id("accounts"),
    "sku": lambda client: client.shop.sku(client.random_id("products")),
    "slug": lambda client: client.shop.slug(client.random_id("products")),
    "email": lambda client: client.shop.email(client.random_id("users")),
    "leaf": lambda client: client.random.randint(ROOTS + 1, CATEGORIES),
    "tag_name": lambda client: words.VOCABULARY[500 + client.random_id("tags")],
    "low": lambda client: client.random.randint(20, 22),
    "high": lambda client: client.random.randint(26, 28),
    "model": lambda client: client.shop.code(client.random_id("products")).lower(),
    "medium": lambda client: client.random.choice(words.MEDIUM),
    "frequent": lambda client: client.random.choice(words.FREQUENT),
}
"""The placeholders of targets."""

_KEYS = {
    "product by id": "/products/{product}",
    "product by SKU": "/products/by-sku/{sku}",
    "product by slug": "/products/by-slug/{slug}",
    "user by id": "/users/{user}",
    "user by e-mail": "/users/by-email/{email}",
    "user with posts": "/users/{user}/with-posts",
    "order by id": "/orders/{order}",
    "order with details": "/orders/{order}/details",
    "post by id": "/posts/{post}",
    "category by id": "/categories/{category}",
    "tag by id": "/tags/{tag}",
    "account by id": "/accounts/{account}",
}

_DEEP = {
    "products": "/products?cursor={products_AT}",
    "products with categories": "/products/with-categories?cursor={products_AT}",
    "products, active": "/products?is_active=true&cursor={products_AT}",
    "orders": "/orders?cursor={orders_AT}",
    "orders, delivered": "/orders?status=delivered&cursor={orders_AT}",
    "users": "/users?cursor={users_AT}",
    "posts": "/posts?cursor={posts_AT}",
    "posts, published": "/posts?status=published&cursor={posts_AT}",
}
"""Measured at each depth."""

_NARROW = {
    "products of a category": "/products?category_id={leaf}&page_size=5&cursor={products_AT}",
    "products, inactive": "/products?is_active=false&page_size=5&cursor={products_AT}",
    "orders, pending": "/orders?status=pending&page_size=5&cursor={orders_AT}",
    "users, inactive": "/users?is_active=false&page_size=5&cursor={users_AT}",
}
"""Also measured at each depth; the pages are short, so that they are full in the smallest shop too."""

_UNORDERED = {
    "products of a price range": "/products?min_price={low}&max_price={high}&cursor={products_AT}",
    "posts with a tag": "/posts?tag={tag_name}&cursor={posts_AT}",
}
"""Also measured at each depth; filtered by what no index has newest first."""

_SHORT = {
    "orders of a user": "/orders/user/{user}?cursor=",
    "posts of an author": "/posts?author_id={user}&cursor=",
    "notifications of a user": "/users/{user}/notifications?cursor=",
    "transfers of an account": "/accounts/{account}/transfers?cursor=",
    "low stock": "/products/low-stock?cursor=",
    "categories": "/categories?cursor=",
    "tags": "/tags?cursor=",
}

_NUMBERED = {
    "products, first page": "/products",
    "products, middle page": "/products?page={products_page}",
    "products with categories, first page": "/products/with-categories",
    "products with categories, middle page": "/products/with-categories?page={products_page}",
    "products of a category, first page": "/categories/{leaf}/products?page_size=20",
    "products, inactive, first page": "/products?is_active=false",
    "products of a price range, first page": "/products?min_price={low}&max_price={high}",
    "low stock, first page": "/products/low-stock",
    "orders, first page": "/orders",
    "orders, middle page": "/orders?page={orders_page}",
    "orders, pending, first page": "/orders?status=pending",
    "orders, delivered, first page": "/orders?status=delivered",
    "orders of a user, first page": "/orders?user_id={user}",
    "users, first page": "/users",
    "users, middle page": "/users?page={users_page}",
    "posts, first page": "/posts",
    "posts, middle page": "/posts?page={posts_page}",
}

_SEARCHES = {
    "products, 10 of all, by cursor": "/products?search={model}&cursor=",
    "products, 1 %, by cursor": "/products?search={medium}&cursor=",
    "products, 20 to 60 %, by cursor": "/products?search={frequent}&cursor=",
    "products, none, by cursor": "/products?search=zzyzx&cursor=",
    "products, 10 of all, by number": "/products?search={model}",
    "products, 1 %, by number": "/products?search={medium}",
    "products, 20 to 60 %, by number": "/products?search={frequent}",
    "products, none, by number": "/products?search=zzyzx",
    "users, 1 of all, by number": "/users/search?q=_{user}@",
    "users, 3 %, by cursor": "/users?search=tanaka&cursor=",
    "posts, 3 %, by cursor": "/posts?search={medium}&cursor=",
}

_STATISTICS = {
    "orders: summary": "/orders/stats/summary",
    "users: top spenders": "/users/top-spenders",
    "users: how many are active": "/users/stats/active-count",
    "products: figures by category": "/products/by-category-stats",
    "categories: tree": "/categories/tree",
}

_SORTED = (
    ("products by price, anywhere", "products", "price", SortKind.INTEGER),
    ("products by name, anywhere", "products", "name", SortKind.TEXT),
    ("orders by total, anywhere", "orders", "total_amount", SortKind.INTEGER),
)


def _make_read(kind: EndpointKind, name: str, template: str) -> Endpoint:
    fields = [field for _, field, _, _ in Formatter().parse(template) if field]

    async def make(client: Client) -> Request:
        return get(template.format(**{field: quote(str(_DRAWS[field](client))) for field in fields}))

    return Endpoint(name, kind, make)


def _make_sorted_read(name: str, kind: str, field: str, sort: SortKind) -> Endpoint:
    """A page after a random row, whose sort key is fetched first."""

    async def make(client: Client) -> Request:
        row = await client.request(get(f"/{kind}/{client.random_id(kind)}"))
        return get(f"/{kind}?sort={field}&cursor={client.cursor_after(row, field, sort)}")

    return Endpoint(name, EndpointKind.CURSOR, make)


def _at_depths(targets: Mapping[str, str], *places: str) -> dict[str, str]:
    return {
        f"{name}, {depth_name}": target.replace("AT", depth_name)
        for name, target in targets.items()
        for depth_name in places
    }


def _reads() -> Iterator[Endpoint]:
    for kind, targets in (
        (EndpointKind.KEY, _KEYS),
        (EndpointKind.CURSOR, _at_depths(_DEEP, "start", "middle", "end")),
        (EndpointKind.CURSOR, _at_depths(_NARROW, "start", "middle", "far")),
        (EndpointKind.CURSOR, _SHORT),
        (
            EndpointKind.FILTER,
            _at_depths(_UNORDERED, "start", "middle", "end") | {"posts of a tag": "/tags/{tag}/posts?cursor="},
        ),
        (EndpointKind.NUMBER, _NUMBERED),
        (EndpointKind.SEARCH, _SEARCHES),
        (EndpointKind.STATISTICS, _STATISTICS),
    ):
        for name, template in targets.items():
            yield _make_read(kind, name, template)
    for one in _SORTED:
        yield _make_sorted_read(*one)


READS: list[Endpoint] = list(_reads())
