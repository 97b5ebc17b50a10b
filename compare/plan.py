"""What is to be compared, and how: checked once, the same for every worker process."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from compare.workloads import WORKLOADS, expand
from core.settings import Settings
from demo.scale import Scale

FEWEST = 10
"""Products that a shop must have for there to be something of every kind."""


def _products(given: object) -> object:
    products = Scale.parse(str(given)).products
    if products < FEWEST:
        raise ValueError(f"must be {FEWEST} products or more")
    return products


class Contender(BaseModel):
    """A storage that takes part.

    Attributes:
        name: in tables and charts.
        url: may hold a password, so it is never shown.
        settings: other settings of the storage, as in ``core.settings``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=40)
    url: str = Field(repr=False)
    settings: dict[str, Any] = {}

    @field_validator("settings")
    @classmethod
    def _known(cls, settings: dict[str, Any]) -> dict[str, Any]:
        known = set(Settings.model_fields) - {"database_url"}
        if unknown := sorted(set(settings) - known):
            raise ValueError(f"there is no setting {unknown[0]!r}; known are {', '.join(sorted(known))}")
        return settings


class Load(BaseModel):
    """How hard a storage is driven.

    Attributes:
        clients: requests at once; each client asks again as soon as it is answered.
        rate: requests per second that arrive whatever becomes of those before; None where clients wait for answers.
    """

    model_config = ConfigDict(frozen=True)

    clients: int
    rate: float | None = None

    def __str__(self) -> str:
        if self.rate is not None:
            return f"{self.rate:g}/s"
        return f"{self.clients} client{'s' * (self.clients > 1)}"


class Plan(BaseModel):
    """A whole comparison.

    Attributes:
        contenders: two or more; the first is what the others are compared with.
        workloads: which mixtures of requests are measured, in this order.
        weights: what workloads are made of, where that differs from ``compare.workloads``.
        clients: numbers of clients, each measured by itself.
        rates: arrivals per second, each measured by itself; takes the place of ``clients``, the largest of which then
            bounds how many requests are under way at once.
        rounds: each measures everything once, on every storage, in processes of its own.
        duration: seconds that each figure is measured for.
        warmup: seconds of the same requests before that, which do not count.
        scale: number of products in the store, or ``small``, ``medium``, ``large``; all else is in proportion.
        skew: exponent of Zipf's law by which products and users are chosen; 0 for all alike.
        seed: of everything that is drawn.
        servers: processes of the API that are asked over HTTP; 0 to call the use cases in the worker process itself.
        scratch: work in databases of our own beside those that the URLs name, dropped at the end.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    contenders: Annotated[list[Contender], Field(min_length=2, max_length=12)]
    workloads: Annotated[list[str], Field(min_length=1)] = ["browse", "checkout", "write", "mixed"]
    weights: dict[str, dict[str, Annotated[float, Field(ge=0, le=1e6)]]] = {}
    clients: Annotated[list[Annotated[int, Field(ge=1, le=1024)]], Field(min_length=1)] = [1, 4, 16]
    rates: list[Annotated[float, Field(gt=0, le=1e5)]] = []
    rounds: Annotated[int, Field(ge=1, le=1000)] = 3
    duration: Annotated[float, Field(gt=0, le=3600)] = 0.25
    warmup: Annotated[float, Field(ge=0, le=3600)] = 0.05
    scale: Annotated[int, BeforeValidator(_products)] = 100
    skew: Annotated[float, Field(ge=0, le=3)] = 1.0
    seed: Annotated[int, Field(ge=0, le=2**53)] = 1
    servers: Annotated[int, Field(ge=0, le=64)] = 0
    scratch: bool = False

    @field_validator("contenders")
    @classmethod
    def _named_apart(cls, contenders: list[Contender]) -> list[Contender]:
        if len({contender.name for contender in contenders}) < len(contenders):
            raise ValueError("two storages have the same name")
        return contenders

    @model_validator(mode="after")
    def _possible(self) -> "Plan":
        for name in self.workloads:
            self.mixture(name)
        if not self.scratch and len({contender.url for contender in self.contenders}) < len(self.contenders):
            raise ValueError("storages: two are the same store; give each its own, or use --scratch")
        return self

    def mixture(self, workload: str) -> dict[str, float]:
        """The share of each operation in a workload."""
        return expand(workload, {**WORKLOADS, **self.weights})

    @property
    def loads(self) -> list[Load]:
        """What each workload is measured under."""
        if self.rates:
            return [Load(clients=max(self.clients), rate=rate) for rate in self.rates]
        return [Load(clients=number) for number in self.clients]

    @property
    def cells(self) -> list[tuple[str, Load]]:
        """What each storage is measured on in each round."""
        return [(workload, load) for workload in self.workloads for load in self.loads]
