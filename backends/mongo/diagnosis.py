"""Why no server can be reached. The driver keeps only the text of an error, so a connection of our own is tried."""

import asyncio
import socket
import ssl
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

_TIMEOUT_SECONDS = 2.0
_QUESTION = "Is the server running, and are host and port right?"
_TRUE = "true"


async def explain_unreachable(url: str, places: Iterable[tuple[str, int]]) -> str:
    """What is wrong with the way to the servers, and the remedy."""
    places = list(places)
    shown = ", ".join(f"{host}:{port}" for host, port in places)
    errors = await asyncio.gather(*(_try(host, port, url) for host, port in places))
    for error in errors:
        if isinstance(error, ssl.SSLCertVerificationError):
            return (
                f"the certificate of the server at {shown} is not trusted: {error.verify_message.rstrip('.')}. Name "
                "the file of the authority that issued it in `tlsCAFile`."
            )
        if isinstance(error, ssl.SSLError):
            return f"the server at {shown} and this machine cannot agree on TLS. Is `tls` right?"
    if all(isinstance(error, socket.gaierror) for error in errors):
        return f"no address is known for the host at {shown}. Is its name right?"
    if all(isinstance(error, ConnectionRefusedError) for error in errors):
        return f"no server listens at {shown}. {_QUESTION}"
    return f"no server answers at {shown}. {_QUESTION}"


async def _try(host: str, port: int, url: str) -> Exception | None:
    """The error of a connection, if there is one."""
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            _, writer = await asyncio.open_connection(host, port, ssl=_tls_context(url))
    except Exception as error:
        return error
    writer.close()
    return None


def _tls_context(url: str) -> ssl.SSLContext | None:
    """As the driver has it; None without TLS, or where certificates are not checked."""
    parts = urlsplit(url)
    given = {name.lower(): value for name, value in parse_qsl(parts.query)}
    is_on = given.get("tls", given.get("ssl", _TRUE if parts.scheme.endswith("+srv") else "")) == _TRUE
    if not is_on or _TRUE in (given.get("tlsinsecure"), given.get("tlsallowinvalidcertificates")):
        return None
    context = ssl.create_default_context(cafile=given.get("tlscafile"))
    context.check_hostname = given.get("tlsallowinvalidhostnames") != _TRUE
    if certificate := given.get("tlscertificatekeyfile"):
        context.load_cert_chain(certificate, password=given.get("tlscertificatekeyfilepassword"))
    return context
