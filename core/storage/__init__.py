"""The contract that a backend fulfils. See ``docs/writing-a-backend.md`` for the way through it."""

from core.storage.backend import Backend, Driver, Migrations, Revision, Scratching
from core.storage.capabilities import AXES, Axis, Capabilities
from core.storage.filters import OrderFilter, PostFilter, ProductFilter, UserFilter
from core.storage.pages import Page, Sort, SortKind, Window
from core.storage.storage import PoolStatus, Storage, Transaction

__all__ = [
    "AXES",
    "Axis",
    "Backend",
    "Capabilities",
    "Driver",
    "Migrations",
    "OrderFilter",
    "Page",
    "PoolStatus",
    "PostFilter",
    "ProductFilter",
    "Revision",
    "Scratching",
    "Sort",
    "SortKind",
    "Storage",
    "Transaction",
    "UserFilter",
    "Window",
]
