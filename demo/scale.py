"""The size of a demo shop."""

from dataclasses import dataclass

SCALES = {"small": 100, "medium": 1_000, "large": 10_000}
"""Number of products of each named scale."""

MAX_PRODUCTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Scale:
    """Numbers of rows, in proportion to the number of products."""

    products: int

    @classmethod
    def parse(cls, given: str) -> "Scale":
        """``"small"``, ``"medium"``, ``"large"``, or a number of products.

        Raises:
            ValueError: it is none of these.
        """
        if given in SCALES:
            return cls(SCALES[given])
        if given.isascii() and given.isdecimal() and 1 <= int(given[:8]) <= MAX_PRODUCTS:
            return cls(int(given))
        raise ValueError(f"must be {', '.join(SCALES)}, or a number of products from 1 to {MAX_PRODUCTS}")

    @property
    def users(self) -> int:
        """One for two products."""
        return self.products // 2 + 2

    @property
    def posts(self) -> int:
        """One for four products."""
        return self.products // 4 + 1

    @property
    def orders(self) -> int:
        """One for each product."""
        return self.products

    @property
    def accounts(self) -> int:
        """One for five users."""
        return self.users // 5 + 2

    @property
    def transfers(self) -> int:
        """One for each account."""
        return self.accounts

    @property
    def total(self) -> int:
        """Number of all these rows."""
        return self.products + self.users + self.posts + self.orders + self.accounts + self.transfers
