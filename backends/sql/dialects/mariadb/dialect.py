"""What the shop must know about MariaDB: where it differs from MySQL."""

from dataclasses import replace

from sqlalchemy.exc import InvalidRequestError

from backends.sql.dialects.mysql.dialect import (
    GALERA_READS,
    MYSQL,
    SIZE,
    TABLE_LOCK_TIMEOUT,
    UTF8,
    column_types,
    error_codes,
)

_MISMATCH = "not MariaDB"
_WRITE_MYSQL = "the server is MySQL; write mysql:// in place of mariadb://"


def _error_codes(error: BaseException) -> tuple[int | str, ...]:
    # SQLAlchemy finds out by itself whether the server is MariaDB.
    return (_MISMATCH,) if isinstance(error, InvalidRequestError) else error_codes(error)


MARIADB = replace(
    MYSQL,
    name="mariadb",
    title="MariaDB",
    schemes=("mariadb",),
    example_url="mariadb://user:password@localhost:3306/stockroom",
    minimum_version=(10, 6),
    statement_timeout="SET SESSION max_statement_time = {seconds}",
    session_options=("SET SESSION idle_transaction_timeout = {seconds}", TABLE_LOCK_TIMEOUT, GALERA_READS),
    has_idle_limit=False,
    size=SIZE,
    column_types=column_types("utf8mb4_nopad_bin"),  # unlike ``utf8mb4_bin``, with trailing spaces significant
    table_options={"mariadb_engine": "InnoDB", "mariadb_charset": "utf8mb4"},
    error_codes=_error_codes,
    connect_errors={**MYSQL.connect_errors, _MISMATCH: _WRITE_MYSQL, 1193: _WRITE_MYSQL},
    requirements=(UTF8,),
)
