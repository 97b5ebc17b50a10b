"""Plain, immutable values, one module per aggregate.

A ``…Draft`` holds what a client chooses, a ``…Patch`` the part of it that a client changes; an entity adds what storage
and ``core`` set. All are validated by their annotations (pydantic reads them) wherever they come in from outside, and
are never validated again: inside, they are trusted.
"""

from core.entities.accounts import Account, AccountDraft, DepositDraft, Transfer, TransferDraft
from core.entities.categories import (
    Category,
    CategoryDraft,
    CategoryNode,
    CategoryPatch,
    CategoryProducts,
    ProductWithCategory,
)
from core.entities.expiring import EntryKind, ExpiringEntry
from core.entities.fields import VersionedEntity
from core.entities.notifications import Notification, NotificationDraft
from core.entities.orders import (
    Order,
    OrderDetails,
    OrderDraft,
    OrderItem,
    OrderItemDetails,
    OrderItemDraft,
    OrderStatus,
    OrderSummary,
    SalesSummary,
)
from core.entities.payments import Payment, PaymentDraft
from core.entities.posts import Post, PostDraft, PostPatch, PostStatus
from core.entities.products import (
    CategoryStats,
    Product,
    ProductDraft,
    ProductPatch,
    StockChange,
)
from core.entities.tags import Tag, TagDraft, TagPatch
from core.entities.users import (
    Credentials,
    PasswordChange,
    Registration,
    TopSpender,
    User,
    UserDraft,
    UserPatch,
    UserReplacement,
    UserWithPosts,
)

__all__ = [
    "Account",
    "AccountDraft",
    "Category",
    "CategoryDraft",
    "CategoryNode",
    "CategoryPatch",
    "CategoryProducts",
    "CategoryStats",
    "Credentials",
    "DepositDraft",
    "EntryKind",
    "ExpiringEntry",
    "Notification",
    "NotificationDraft",
    "Order",
    "OrderDetails",
    "OrderDraft",
    "OrderItem",
    "OrderItemDetails",
    "OrderItemDraft",
    "OrderStatus",
    "OrderSummary",
    "PasswordChange",
    "Payment",
    "PaymentDraft",
    "Post",
    "PostDraft",
    "PostPatch",
    "PostStatus",
    "Product",
    "ProductDraft",
    "ProductPatch",
    "ProductWithCategory",
    "Registration",
    "SalesSummary",
    "StockChange",
    "Tag",
    "TagDraft",
    "TagPatch",
    "TopSpender",
    "Transfer",
    "TransferDraft",
    "User",
    "UserDraft",
    "UserPatch",
    "UserReplacement",
    "UserWithPosts",
    "VersionedEntity",
]
