"""What a filled store offers to choose from, and random choices from it: equal on every storage for an equal seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

from compare.skew import Zipf
from core.entities import OrderDraft, OrderItemDraft, Product, ProductDraft, TransferDraft
from demo import words
from demo.shop import MAX_LINES, MAX_PIECES


@dataclass(frozen=True, slots=True)
class Population:
    """What a filled store holds, each in the order of the ids. Of the products only those for sale."""

    products: list[Product]
    categories: list[int]
    users: list[int]
    orders: list[int]
    accounts: list[int]


class ChoiceDistribution:
    """The distribution that all customers draw from: one ranking for each kind of entity."""

    def __init__(self, population: Population, skew: float, seed: int) -> None:
        ranking = Random(f"ranking {seed}")  # noqa: S311
        self.products = Zipf(population.products, skew, ranking)
        self.categories = Zipf(population.categories, skew, ranking)
        self.users = Zipf(population.users, skew, ranking)
        self.orders = Zipf(population.orders[::-1], skew)  # the newest are read most
        self.accounts = Zipf(population.accounts, skew, ranking)
        self.words = Zipf(sorted({brand.casefold() for brand in words.BRANDS}), skew, ranking)


class Customer:
    """A source of random requests.

    Args:
        distribution: shared by all customers.
        name: seeds this customer's draws, and is part of the names that it creates.
    """

    def __init__(self, distribution: ChoiceDistribution, name: str) -> None:
        self._distribution = distribution
        self._name = name
        self._numbers = count(1)
        self._random = Random(name)  # noqa: S311
        self.unpaid: list[tuple[int, int]] = []

    def draw_product(self) -> Product:
        """A product of the filled store."""
        return self._distribution.products.draw(self._random)

    def draw_category(self) -> int:
        """The id of a category."""
        return self._distribution.categories.draw(self._random)

    def draw_search_term(self) -> str:
        """A brand."""
        return self._distribution.words.draw(self._random)

    def draw_order(self) -> int:
        """The id of an order of the filled store."""
        return self._distribution.orders.draw(self._random)

    def draw_new_order(self) -> OrderDraft:
        """An order of one to ``MAX_LINES`` lines."""
        products = self._distribution.products.draw_distinct(self._random.randint(1, MAX_LINES), self._random)
        lines = [OrderItemDraft(product_id=p.id, quantity=self._random.randint(1, MAX_PIECES)) for p in products]
        address = f"{self._random.randint(1, 200)} {self._random.choice(words.STREETS)}"
        return OrderDraft(user_id=self._distribution.users.draw(self._random), items=lines, shipping_address=address)

    def draw_new_product(self) -> ProductDraft:
        """A product with a name, slug and SKU that no other customer creates."""
        number = next(self._numbers)
        return ProductDraft(
            name=f"Novelty {self._name} {number}",
            slug=f"novelty-{self._name}-{number}".replace(" ", "-"),
            description=self.draw_description(),
            price=self._random.randint(100, 100_000),
            stock_quantity=self._random.randint(1, 1000),
            sku=f"N-{self._name}-{number}".replace(" ", "-").upper(),
            category_id=self.draw_category(),
        )

    def draw_description(self) -> str:
        """A description that differs from the previous one."""
        return f"{self._random.choice(words.DESCRIPTIONS)} ({self._random.getrandbits(32):08x})"

    def draw_pieces(self) -> int:
        """A number of pieces to add to a stock."""
        return self._random.randint(1, 20)

    def draw_transfer(self) -> TransferDraft:
        """A transfer of a small amount between two different accounts; every store has at least two."""
        sender = recipient = self._distribution.accounts.draw(self._random)
        while recipient == sender:
            recipient = self._distribution.accounts.draw(self._random)
        return TransferDraft(from_account_id=sender, to_account_id=recipient, amount=self._random.randint(1, 500))

    def draw_operation(self, names: Sequence[str], weights: Sequence[float]) -> str:
        """One of the names."""
        return self._random.choices(names, weights)[0]
