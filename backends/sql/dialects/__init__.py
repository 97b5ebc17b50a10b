"""What differs between the databases: one folder and one ``Dialect`` each, listed here and nowhere else."""

from backends.sql.dialects.dialect import ColumnTypes, Dialect, ErrorClass
from backends.sql.dialects.mariadb.dialect import MARIADB
from backends.sql.dialects.mysql.dialect import MYSQL
from backends.sql.dialects.postgresql.dialect import POSTGRESQL
from backends.sql.dialects.sqlite.dialect import SQLITE

DIALECTS = {dialect.name: dialect for dialect in (SQLITE, POSTGRESQL, MYSQL, MARIADB)}
"""All of them, by the name under which SQLAlchemy knows the database."""

__all__ = ["DIALECTS", "MARIADB", "MYSQL", "POSTGRESQL", "SQLITE", "ColumnTypes", "Dialect", "ErrorClass"]
