"""Plain, immutable values, one module per aggregate.

A ``…Draft`` holds what a client chooses, a ``…Patch`` the part of it that a client changes; an entity adds what storage
and ``core`` set. All are validated by their annotations (pydantic reads them) wherever they come in from outside, and
are never validated again: inside, they are trusted.
"""

from core.entities.accounts import (
    ACCOUNT,
    TRANSFER,
    Account,
    AccountDraft,
    AccountFilter,
    DepositDraft,
    Transfer,
    TransferDraft,
)
from core.entities.categories import (
    CATEGORY,
    Category,
    CategoryDraft,
    CategoryNode,
    CategoryPatch,
    CategoryProducts,
    ProductWithCategory,
)
from core.entities.entity_type import EntityType, EntityTypes, OnDelete
from core.entities.expiring import EXPIRING_ENTRY, EntryKind, ExpiringEntry
from core.entities.fields import VersionedEntity
from core.entities.notifications import NOTIFICATION, Notification, NotificationDraft
from core.entities.orders import (
    ORDER,
    ORDER_ITEM,
    Order,
    OrderDetails,
    OrderDraft,
    OrderFilter,
    OrderItem,
    OrderItemDetails,
    OrderItemDraft,
    OrderLine,
    OrderPatch,
    OrderStatus,
    OrderSummary,
    SalesSummary,
)
from core.entities.payments import PAYMENT, NewPayment, Payment, PaymentDraft, PaymentFilter, PaymentStatus, RefundDraft
from core.entities.posts import POST, Post, PostDraft, PostFilter, PostPatch, PostStatus
from core.entities.products import (
    PRODUCT,
    CategoryStats,
    Product,
    ProductDraft,
    ProductFilter,
    ProductPatch,
    StockChange,
)
from core.entities.tags import TAG, Tag, TagDraft, TagPatch
from core.entities.users import (
    USER,
    Credentials,
    PasswordChange,
    Registration,
    TopSpender,
    User,
    UserDraft,
    UserFilter,
    UserPatch,
    UserReplacement,
    UserWithPosts,
)

__all__ = [
    "ACCOUNT",
    "CATEGORY",
    "ENTITY_TYPES",
    "EXPIRING_ENTRY",
    "NOTIFICATION",
    "ORDER",
    "ORDER_ITEM",
    "PAYMENT",
    "POST",
    "PRODUCT",
    "TAG",
    "TRANSFER",
    "USER",
    "Account",
    "AccountDraft",
    "AccountFilter",
    "Category",
    "CategoryDraft",
    "CategoryNode",
    "CategoryPatch",
    "CategoryProducts",
    "CategoryStats",
    "Credentials",
    "DepositDraft",
    "EntityType",
    "EntityTypes",
    "EntryKind",
    "ExpiringEntry",
    "NewPayment",
    "Notification",
    "NotificationDraft",
    "OnDelete",
    "Order",
    "OrderDetails",
    "OrderDraft",
    "OrderFilter",
    "OrderItem",
    "OrderItemDetails",
    "OrderItemDraft",
    "OrderLine",
    "OrderPatch",
    "OrderStatus",
    "OrderSummary",
    "PasswordChange",
    "Payment",
    "PaymentDraft",
    "PaymentFilter",
    "PaymentStatus",
    "Post",
    "PostDraft",
    "PostFilter",
    "PostPatch",
    "PostStatus",
    "Product",
    "ProductDraft",
    "ProductFilter",
    "ProductPatch",
    "ProductWithCategory",
    "RefundDraft",
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
    "UserFilter",
    "UserPatch",
    "UserReplacement",
    "UserWithPosts",
    "VersionedEntity",
]

ENTITY_TYPES = EntityTypes(
    [USER, TAG, POST, CATEGORY, PRODUCT, ORDER, PAYMENT, ACCOUNT, TRANSFER, NOTIFICATION, EXPIRING_ENTRY]
)
"""Every entity that storage keeps, in the order in which their tables can be made."""
