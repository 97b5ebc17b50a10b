"""SQL databases through async SQLAlchemy Core: SQLite, PostgreSQL, MySQL and MariaDB.

No ORM session: entities are built straight from rows, and nothing that could load lazily exists. What differs between
the databases stands in ``dialects``; everything else is written once.
"""
