"""SQL databases through async SQLAlchemy Core: SQLite, PostgreSQL, MySQL and MariaDB.

No ORM session: entities are built straight from rows, and nothing that could load lazily exists. What differs between
the databases is data in ``dialects``; repositories are written once.
"""
