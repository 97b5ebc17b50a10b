"""What the shop must know about MariaDB: where it differs from MySQL."""

from dataclasses import replace

from sqlalchemy.exc import InvalidRequestError

from backends.sql.dialects.mysql.dialect import MYSQL, SIZE, UTF8, column_types, error_number

_MISMATCH = "not MariaDB"
_WRITE_MYSQL = "the server is MySQL; write mysql:// in place of mariadb://"


def _error_code(error: BaseException) -> int | str | None:
    # SQLAlchemy finds out by itself whether the server is MariaDB.
    return _MISMATCH if isinstance(error, InvalidRequestError) else error_number(error)


MARIADB = replace(
    MYSQL,
    name="mariadb",
    title="MariaDB",
    schemes=("mariadb",),
    example_url="mariadb://user:password@localhost:3306/stockroom",
    minimum_version=(10, 6),
    statement_timeout="SET SESSION max_statement_time = {seconds}",
    size=SIZE,
    column_types=column_types("utf8mb4_nopad_bin"),  # unlike ``utf8mb4_bin``, with trailing spaces significant
    table_options={"mariadb_engine": "InnoDB", "mariadb_charset": "utf8mb4"},
    error_code=_error_code,
    connect_errors={**MYSQL.connect_errors, _MISMATCH: _WRITE_MYSQL, 1193: _WRITE_MYSQL},
    requirements=(UTF8,),
)
