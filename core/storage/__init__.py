"""The contract that a backend fulfils. See ``docs/writing-a-backend.md`` for the way through it."""

from core.entities import OrderFilter, PostFilter, ProductFilter, UserFilter
from core.storage.backend import (
    Backend,
    Driver,
    Migrations,
    Revision,
    SupportsIsolationLevels,
    SupportsTemporaryDatabases,
    SupportsVariants,
)
from core.storage.capabilities import CAPABILITY_INFO, Capabilities, CapabilityInfo
from core.storage.pages import Page, PageRequest, SortKind, SortOrder
from core.storage.storage import PoolStatus, Storage, Transaction

__all__ = [
    "CAPABILITY_INFO",
    "Backend",
    "Capabilities",
    "CapabilityInfo",
    "Driver",
    "Migrations",
    "OrderFilter",
    "Page",
    "PageRequest",
    "PoolStatus",
    "PostFilter",
    "ProductFilter",
    "Revision",
    "SortKind",
    "SortOrder",
    "Storage",
    "SupportsIsolationLevels",
    "SupportsTemporaryDatabases",
    "SupportsVariants",
    "Transaction",
    "UserFilter",
]
