"""Beanie's initialisation, for one storage.

Beanie binds a document class to one database for the whole process. Two storages in a process (a copy from one to the
other, a test) would take the documents from each other, so every storage binds subclasses of its own: 20 ms for all.
"""

from typing import Any

from beanie import init_beanie

from backends.mongo.documents import DOCUMENTS, Stored


async def bind(database: Any) -> dict[str, Any]:
    """The driver's collections by name, of documents bound to ``database``. Indexes are the migrations' business."""
    bound = [_own(document) for document in DOCUMENTS]
    await init_beanie(database, document_models=bound, skip_indexes=True)
    return {document.get_collection_name(): document.get_motor_collection() for document in bound}


def _own(document: type[Stored]) -> type[Stored]:
    body = {"__module__": document.__module__, "__doc__": document.__doc__}
    return type(document.__name__, (document,), body)
