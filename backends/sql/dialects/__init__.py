"""What differs between the databases, as data: one ``Dialect`` each. Repositories never ask which one it is."""

from backends.sql.dialects.dialect import Dialect, Fault
from backends.sql.dialects.mysql import MARIADB, MYSQL
from backends.sql.dialects.postgresql import POSTGRESQL
from backends.sql.dialects.sqlite import SQLITE

__all__ = ["MARIADB", "MYSQL", "POSTGRESQL", "SQLITE", "Dialect", "Fault"]
