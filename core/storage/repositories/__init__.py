"""One protocol per aggregate: a reader, usable at any time, and a repository, usable in a unit of work.

A read outside a unit of work sees everything committed. In a unit of work, ``lock`` reads an entity so that no other
unit of work can change it before this one ends, and ``save`` writes it back; together they take the place of updates by
field lists. Where several rows are locked, they are locked in the order of their ids.

Common errors, not repeated below:
    NotFound: ``get``, ``lock``, ``delete`` and the readers by another key, when there is no such entity.
    Duplicate: ``add`` and ``save``, when unique values are taken; names every such field, ``3.sku`` where several
        drafts were given. ``run`` raises it once the unit of work is undone: only then does every database report which
        values are taken. Within the unit of work it may appear as any StockroomError.
    UnknownReference: ``add`` and ``save``, when references lead nowhere; names the fields, and is raised likewise.
    StillReferenced: ``delete``; raised likewise.
    TransientConflict: any write; ``run`` catches it and runs the unit of work again.
    Unavailable: anything.
"""

from core.storage.repositories.accounts import AccountReader, AccountRepository
from core.storage.repositories.categories import CategoryReader, CategoryRepository
from core.storage.repositories.expiring import ExpiringEntryReader, ExpiringEntryRepository
from core.storage.repositories.notifications import NotificationReader, NotificationRepository
from core.storage.repositories.orders import NewOrder, OrderReader, OrderRepository
from core.storage.repositories.posts import PostReader, PostRepository
from core.storage.repositories.products import CategoryPriceStats, ProductReader, ProductRepository
from core.storage.repositories.repository import EntityReader, EntityRepository, Reader, Repository, SlugLookup
from core.storage.repositories.tags import TagReader, TagRepository
from core.storage.repositories.users import UserReader, UserRepository

__all__ = [
    "AccountReader",
    "AccountRepository",
    "CategoryPriceStats",
    "CategoryReader",
    "CategoryRepository",
    "EntityReader",
    "EntityRepository",
    "ExpiringEntryReader",
    "ExpiringEntryRepository",
    "NewOrder",
    "NotificationReader",
    "NotificationRepository",
    "OrderReader",
    "OrderRepository",
    "PostReader",
    "PostRepository",
    "ProductReader",
    "ProductRepository",
    "Reader",
    "Repository",
    "SlugLookup",
    "TagReader",
    "TagRepository",
    "UserReader",
    "UserRepository",
]
