"""The configuration of a comparison: validated once, and equal in every worker process."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from compare.workloads import WORKLOADS, expand
from core.settings import Settings
from demo.scale import Scale

MIN_PRODUCTS = 10
"""With fewer, the demo shop lacks some kind of entity."""


def _parse_scale(given: object) -> object:
    products = Scale.parse(str(given)).products
    if products < MIN_PRODUCTS:
        raise ValueError(f"must be {MIN_PRODUCTS} products or more")
    return products


class StorageConfig(BaseModel):
    """One of the storages that are compared.

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
    def _require_known_settings(cls, settings: dict[str, Any]) -> dict[str, Any]:
        known = set(Settings.model_fields) - {"database_url"}
        if unknown := sorted(set(settings) - known):
            raise ValueError(f"there is no setting {unknown[0]!r}; known are {', '.join(sorted(known))}")
        return settings


class Load(BaseModel):
    """How much load a storage is put under.

    Attributes:
        clients: requests in progress at most; without a rate each client waits for its answer.
        rate: requests per second that arrive however long the earlier ones take; None for a closed loop.
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
        storages: two or more; the first is the baseline of the others.
        workloads: the mixtures of requests that are measured, in this order.
        weights: the parts of workloads, where they differ from ``compare.workloads``.
        clients: numbers of clients, each measured by itself.
        rates: arrivals per second, each measured by itself; replaces ``clients``, the largest of which then bounds the
            number of requests in progress.
        rounds: each measures everything once, on every storage, in new processes.
        duration: seconds that each figure is measured for.
        warmup: seconds of the same requests before that, which do not count.
        scale: number of products in the store, or ``small``, ``medium``, ``large``; all else is in proportion.
        skew: exponent of Zipf's law by which products and users are chosen; 0 for a uniform distribution.
        seed: of all random choices.
        servers: API server processes to measure over HTTP; 0 to call the use cases in the worker process itself.
        scratch: work in temporary databases beside those that the URLs name, which are dropped at the end.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    storages: Annotated[list[StorageConfig], Field(min_length=2, max_length=12)]
    workloads: Annotated[list[str], Field(min_length=1)] = ["browse", "checkout", "write", "mixed"]
    weights: dict[str, dict[str, Annotated[float, Field(ge=0, le=1e6)]]] = {}
    clients: Annotated[list[Annotated[int, Field(ge=1, le=1024)]], Field(min_length=1)] = [1, 4, 16]
    rates: list[Annotated[float, Field(gt=0, le=1e5)]] = []
    rounds: Annotated[int, Field(ge=1, le=1000)] = 3
    duration: Annotated[float, Field(gt=0, le=3600)] = 0.25
    warmup: Annotated[float, Field(ge=0, le=3600)] = 0.05
    scale: Annotated[int, BeforeValidator(_parse_scale)] = 100
    skew: Annotated[float, Field(ge=0, le=3)] = 1.0
    seed: Annotated[int, Field(ge=0, le=2**53)] = 1
    servers: Annotated[int, Field(ge=0, le=64)] = 0
    scratch: bool = False

    @field_validator("storages")
    @classmethod
    def _require_distinct_names(cls, storages: list[StorageConfig]) -> list[StorageConfig]:
        if len({storage.name for storage in storages}) < len(storages):
            raise ValueError("two storages have the same name")
        return storages

    @model_validator(mode="after")
    def _require_consistency(self) -> "Plan":
        for name in self.workloads:
            self.mixture(name)
        if not self.scratch and len({storage.url for storage in self.storages}) < len(self.storages):
            raise ValueError("storages: two are the same store; give each its own, or use --scratch")
        return self

    def mixture(self, workload: str) -> dict[str, float]:
        """The share of each operation in a workload."""
        return expand(workload, {**WORKLOADS, **self.weights})

    @property
    def loads(self) -> list[Load]:
        """The loads under which each workload is measured."""
        if self.rates:
            return [Load(clients=max(self.clients), rate=rate) for rate in self.rates]
        return [Load(clients=number) for number in self.clients]

    @property
    def cells(self) -> list[tuple[str, Load]]:
        """Every workload under every load: what is measured of each storage in each round."""
        return [(workload, load) for workload in self.workloads for load in self.loads]
