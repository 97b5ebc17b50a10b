"""Cursors as clients get them: signed where ``SECRET_KEYS`` exist, so that none can be altered or made."""

from hashlib import blake2b, sha256
from hmac import compare_digest

from core.settings import Settings
from core.storage import SortOrder
from core.storage.pages import Sorts, SortValue, decode_cursor, encode_cursor, invalid_cursor

MAX_LENGTH = 4096

_SIGNATURE_BYTES = 16


class Cursors:
    """Signs with the first secret key and verifies with all; without keys, cursors are not signed."""

    def __init__(self, settings: Settings) -> None:
        self._keys = [sha256(b"stockroom cursor:" + key.encode()).digest() for key in settings.keys]

    def encode(self, sort: SortOrder, entity: object) -> str:
        """A cursor that stands behind ``entity`` in a list sorted by ``sort``."""
        cursor = encode_cursor(sort, entity)
        return f"{cursor}.{_sign(self._keys[0], cursor)}" if self._keys else cursor

    def decode(self, cursor: str, sorts: Sorts) -> tuple[SortOrder, tuple[SortValue, int]]:
        """The sort and the position that ``encode`` put in.

        Raises:
            ValidationFailed: it is not a cursor of a list with these ``sorts``, or not signed with a key of ours.
        """
        if len(cursor) > MAX_LENGTH:
            raise invalid_cursor()
        return decode_cursor(self._verified(cursor) if self._keys else cursor, sorts)

    def _verified(self, signed: str) -> str:
        cursor, _, signature = signed.rpartition(".")
        if signed.isascii() and any(compare_digest(signature, _sign(key, cursor)) for key in self._keys):
            return cursor
        raise invalid_cursor()


def _sign(key: bytes, cursor: str) -> str:
    return blake2b(cursor.encode(), key=key, digest_size=_SIGNATURE_BYTES).hexdigest()
