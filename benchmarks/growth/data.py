"""The measured shop, as entities: each row is a function of its number and the size of the shop."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from benchmarks.growth import words
from benchmarks.growth.draws import Shares, draw
from core.entities import (
    Account,
    Category,
    Notification,
    Order,
    OrderLine,
    OrderStatus,
    Payment,
    Post,
    PostStatus,
    Product,
    Tag,
    Transfer,
    User,
)
from core.entities.orders import number_lines
from core.money import to_json
from core.text import derive_slug
from demo.words import BRANDS, CATALOGUE, CITIES, FAMILY, GIVEN, METHODS, STREETS, TITLES

BEGIN, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
_SPAN = (END - BEGIN) // timedelta(milliseconds=1)
_BASE_32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NOUNS = [noun for below in CATALOGUE.values() for nouns in below.values() for noun in nouns]
_PRICES = [min(1_000, int(9 * (1 - rank / 4096) ** (-1 / 1.1))) * 100 + 99 for rank in range(4096)]
_SLUGS = {text: derive_slug(text, "text") for text in (*BRANDS, *_NOUNS, *GIVEN, *FAMILY)}
_STATUS_SHARES = Shares({"delivered": 940, "cancelled": 30, "pending": 10, "confirmed": 10, "shipped": 10})
_STATUS_CHANGES = {"pending": 0, "cancelled": 1, "confirmed": 1, "shipped": 2, "delivered": 3}
_POST_STATUS_SHARES = Shares({"published": 700, "draft": 200, "archived": 100})

HASH = "$argon2id$v=19$m=65536,t=3,p=4$c3RvY2tyb29tLWdyb3d0aA$Qk5vYm9keSBsb2dzIGluIGhlcmUsIG5vdCBldmVuIHlvdS4"
"""Of every user's password: as long as a real one, but of no password."""

ROOTS = 20
CATEGORIES = 300
TAGS = 200
VARIANTS = 10
"""Products of each model; a search for its code finds these, in a shop of any size."""


@dataclass(frozen=True, slots=True)
class Sale:
    """An order with its payment and notification."""

    order: Order
    payment: Payment | None
    notification: Notification | None


@dataclass(frozen=True, slots=True)
class ShopData:
    """Numbers of rows, and the rows. Rows are numbered from 1, which is their id.

    Attributes:
        size: products, and orders.
    """

    size: int

    @property
    def user_count(self) -> int:
        """Users; and as many posts, accounts and transfers."""
        return max(1000, self.size // 10)

    @property
    def last(self) -> dict[str, int]:
        """The last id of each kind."""
        users = dict.fromkeys(("users", "posts", "accounts", "transfers"), self.user_count)
        goods = {"categories": CATEGORIES, "tags": TAGS, "products": self.size, "orders": self.size}
        return users | goods

    def at(self, row: int, of: int) -> datetime:
        """The creation time of a row: evenly distributed, in the order of the ids."""
        return BEGIN + timedelta(milliseconds=_SPAN * row // of)

    def name(self, row: int) -> str:
        """Of a product."""
        brand, noun, position = _words_of(row)
        return f"{brand} {words.make_sentence(position, 1)[:-1]} {noun} {self.code(row)}/{row // self._models}"

    def code(self, row: int) -> str:
        """A product's model, such as ``KXR-482``, which products all over the shop share."""
        number = row % self._models * 7_368_787 % 17_576_000
        letters, digits = divmod(number, 1000)
        return f"{chr(65 + letters // 676)}{chr(65 + letters // 26 % 26)}{chr(65 + letters % 26)}-{digits:03}"

    @property
    def _models(self) -> int:
        return self.size // VARIANTS

    def sku(self, row: int) -> str:
        """Of a product."""
        return f"{self.code(row)}-{row // self._models}"

    def slug(self, row: int) -> str:
        """Of a product."""
        brand, noun, _ = _words_of(row)
        return f"{_SLUGS[brand]}-{_SLUGS[noun]}-{self.sku(row).lower()}"

    def price(self, row: int) -> int:
        """Of a product."""
        return _PRICES[draw(row, 3, 4096)]

    def for_sale(self, row: int) -> bool:
        """Whether a product is active and well stocked; one in twenty is inactive, one in fifty has little stock."""
        return draw(row, 4, 20) != 0 and row % 50 != 0

    def username(self, row: int) -> str:
        """Of a user."""
        return f"{_SLUGS[GIVEN[draw(row, 20, len(GIVEN))]]}_{_SLUGS[FAMILY[draw(row, 21, len(FAMILY))]]}_{row}".replace(
            "-", "_"
        )

    def email(self, row: int) -> str:
        """Of a user."""
        return f"{self.username(row)}@example.com"

    def users(self) -> Iterator[User]:
        """Users; one in twenty is inactive."""
        for row in range(1, self.user_count + 1):
            at, username = self.at(row, self.user_count), self.username(row)
            yield User(
                id=row,
                created_at=at,
                updated_at=at,
                version=1,
                username=username,
                email=f"{username}@example.com",
                full_name=f"{GIVEN[draw(row, 20, len(GIVEN))]} {FAMILY[draw(row, 21, len(FAMILY))]}",
                bio=words.make_sentence(draw(row, 22, 2**20), 8) if draw(row, 23, 3) == 0 else None,
                is_active=draw(row, 24, 20) != 0,
                is_superuser=False,
            )

    def categories(self) -> Iterator[Category]:
        """Root categories and their children."""
        for row in range(1, CATEGORIES + 1):
            at, name = self.at(row, CATEGORIES * 100), words.VOCABULARY[1000 + row].capitalize()
            yield Category(
                id=row,
                created_at=at,
                updated_at=at,
                version=1,
                name=name,
                slug=f"{derive_slug(name, 'category')}-{row}",
                description=words.make_sentence(row * 100),
                parent_id=None if row <= ROOTS else 1 + row % ROOTS,
            )

    def products(self) -> Iterator[Product]:
        """Products; some have little stock, are inactive, or have no category."""
        for row in range(1, self.size + 1):
            at = self.at(row, self.size)
            yield Product(
                id=row,
                created_at=at,
                updated_at=at,
                version=1,
                name=self.name(row),
                slug=self.slug(row),
                description=words.make_sentence(draw(row, 5, 2**20)),
                price=self.price(row),
                stock_quantity=draw(row, 6, 11) if row % 50 == 0 else 1000 + draw(row, 6, 5000),
                sku=self.sku(row),
                is_active=draw(row, 4, 20) != 0,
                category_id=None if draw(row, 7, 50) == 0 else ROOTS + 1 + draw(row, 8, CATEGORIES - ROOTS),
            )

    def tags(self) -> Iterator[Tag]:
        """The tags."""
        at = BEGIN
        for row in range(1, TAGS + 1):
            name = words.VOCABULARY[500 + row]
            slug = f"{derive_slug(name, 'tag')}-{row}"
            yield Tag(id=row, created_at=at, updated_at=at, version=1, name=name, slug=slug)

    def posts(self) -> Iterator[tuple[Post, list[Tag]]]:
        """Posts, each with up to two tags, a few of which are frequent."""
        tags = list(self.tags())
        for row in range(1, self.user_count + 1):
            at, status = self.at(row, self.user_count), PostStatus(_POST_STATUS_SHARES.choose(row, 30))
            chosen = {tags[draw(row, salt, 32768) ** 2 * TAGS // 2**30].id for salt in (31, 32)}
            own = [tags[key - 1] for key in sorted(chosen)]
            brand, noun, position = _words_of(row + 7)
            post = Post(
                id=row,
                created_at=at,
                updated_at=at,
                version=1,
                title=TITLES[draw(row, 33, len(TITLES))].format(product=f"{brand} {noun}"),
                slug=f"post-{_SLUGS[brand]}-{_SLUGS[noun]}-{row}",
                content="\n\n".join(words.make_sentence(position + shift) for shift in (0, 777, 5555)),
                status=status,
                author_id=1 + draw(row, 34, self.user_count),
                view_count=draw(row, 35, 500),
                published_at=None if status is PostStatus.DRAFT else at,
                tags=sorted(tag.name for tag in own),
            )
            yield post, own

    def sales(self) -> Iterator[Sale]:
        """Orders of two lines on average, mostly delivered; paid unless cancelled or pending."""
        payments = 0
        for row in range(1, self.size + 1):
            order = self._order(row)
            payment = notification = None
            if order.status not in (OrderStatus.PENDING, OrderStatus.CANCELLED):
                payments += 1
                payment = Payment(
                    id=payments,
                    created_at=order.updated_at,
                    updated_at=order.updated_at,
                    version=1,
                    order_id=row,
                    amount=order.total_amount,
                    method=METHODS[row % len(METHODS)],
                    account_id=None,
                    reference=None,
                )
            if row % 2 == 0:
                message = f"Your order {order.order_number} over {to_json(order.total_amount)} has been placed."
                notification = Notification(
                    id=row // 2,
                    created_at=order.created_at,
                    updated_at=order.created_at,
                    version=1,
                    user_id=order.user_id,
                    order_id=row,
                    message=message,
                )
            yield Sale(order, payment, notification)

    def _order(self, row: int) -> Order:
        at, status = self.at(row, self.size), _STATUS_SHARES.choose(row, 10)
        items = number_lines(row, [self._item(row, line) for line in range(1 + draw(row, 11, 3))])
        suffix = "".join(_BASE_32[row * 97 >> shift & 31] for shift in (25, 20, 15, 10, 5, 0))
        return Order(
            id=row,
            created_at=at,
            updated_at=at + timedelta(hours=_STATUS_CHANGES[status]),
            version=1 + _STATUS_CHANGES[status],
            order_number=f"ORD-{at:%Y%m%d%H%M%S}-{suffix}",
            status=OrderStatus(status),
            total_amount=sum(item.total_price for item in items),
            user_id=self.buyer(row),
            shipping_address=f"{1 + row % 200} {STREETS[row % len(STREETS)]}, {CITIES[row % len(CITIES)]}",
            items=items,
        )

    def buyer(self, row: int) -> int:
        """The user of an order; one in a hundred users places every fifth order."""
        return 1 + draw(row, 13, self.user_count // 100 if draw(row, 12, 5) == 0 else self.user_count)

    def _item(self, row: int, line: int) -> OrderLine:
        product = 1 + draw(row, 40 + line, self.size)
        price, quantity = self.price(product), 1 + draw(row, 50 + line, 3)
        return OrderLine(product_id=product, quantity=quantity, unit_price=price, total_price=price * quantity)

    def accounts(self) -> Iterator[Account]:
        """One for each user."""
        for row in range(1, self.user_count + 1):
            at, balance = self.at(row, self.user_count), 50_00 + draw(row, 60, 5_000_00)
            yield Account(id=row, created_at=at, updated_at=at, version=1, user_id=row, balance=balance)

    def transfers(self) -> Iterator[Transfer]:
        """One for each account."""
        for row in range(1, self.user_count + 1):
            sender = draw(row, 61, self.user_count)
            recipient = (sender + 1 + draw(row, 62, self.user_count - 1)) % self.user_count
            yield Transfer(
                id=row,
                from_account_id=sender + 1,
                to_account_id=recipient + 1,
                amount=1_00 + draw(row, 63, 50_00),
                created_at=self.at(row, self.user_count),
            )


def _words_of(row: int) -> tuple[str, str, int]:
    """Brand, noun, and a position in the text."""
    return BRANDS[draw(row, 1, len(BRANDS))], _NOUNS[draw(row, 2, len(_NOUNS))], draw(row, 9, 2**20)
