"""What holds for the URL of every database."""

import re

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)
_RESERVED = re.compile(r"[\[\]\s]")
_ENCODE = (
    "percent-encode the user name and the password: write %40 for @, %3A for :, %2F for /, %3F for ?, %23 for #, "
    "%5B for [, %5D for ]"
)


def check_credentials(url: str) -> None:
    """Check that the user name and the password of a URL end where they seem to.

    Otherwise a part of the password counts as a host, a port or a path, and is then printed.

    Raises:
        ValueError: they have characters that must be percent-encoded. The message repeats nothing of the URL.
    """
    scheme, separator, rest = url.partition("://")
    if separator and not _SCHEME.fullmatch(scheme):
        raise ValueError(f"is not a URL, which begins with a scheme such as postgresql://; in it, {_ENCODE}")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    login, at, _ = authority.rpartition("@")
    is_cut_off = bool(authority) and rest.count("@") != len(at)
    if is_cut_off or _RESERVED.search(login):
        raise ValueError(_ENCODE)
