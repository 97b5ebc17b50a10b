"""What is stored: one Beanie document per collection, with its fields, what is valid in them, and its indexes.

The schema of a database is built from here (see ``migrations/mongo``) and compared with this (``schema.drift``). A page
is sorted by any of its sort fields with the id behind it, so each of them has an index that ends in the id, unless no
two documents have the same value in it.
"""

from backends.mongo.documents.accounts import AccountDocument, TransferDocument
from backends.mongo.documents.catalogue import CategoryDocument, ProductDocument
from backends.mongo.documents.counters import CounterDocument
from backends.mongo.documents.expiring import TicketDocument
from backends.mongo.documents.fields import Stored
from backends.mongo.documents.orders import NotificationDocument, OrderDocument, PaymentDocument
from backends.mongo.documents.posts import PostDocument, TagDocument
from backends.mongo.documents.users import UserDocument

DOCUMENTS: list[type[Stored]] = [
    UserDocument,
    PostDocument,
    TagDocument,
    CategoryDocument,
    ProductDocument,
    OrderDocument,
    PaymentDocument,
    AccountDocument,
    TransferDocument,
    NotificationDocument,
    TicketDocument,
    CounterDocument,
]

__all__ = ["DOCUMENTS", "Stored"]
