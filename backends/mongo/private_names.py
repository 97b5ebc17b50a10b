"""Private names of other libraries that this backend uses, each with the reason.

An upgrade of Motor or mongomock may break these, and only these.
"""

PRIVATE_NAMES: dict[str, str] = {
    "motor.core.AgnosticClient.delegate": (
        "PyMongo's client, whose start_session costs nothing; Motor's runs in a thread, once per unit of work"
    ),
    "pymongo.client_session.ClientSession._server_session": (
        "tells whether the connection was lost while a transaction was aborted; the driver ignores that, and the "
        "server would keep the locks for a minute"
    ),
    "mongomock.collection.Collection._ensure_uniques": (
        "replaced by a faster check: mongomock's takes 8.7 s to store 1 000 products, this one about 1 s"
    ),
    "mongomock.collection.Collection._store": "the documents and indexes that the faster check reads",
}
