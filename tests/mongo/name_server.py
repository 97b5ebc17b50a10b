"""A DNS server with a few names, used by this process."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread

import pytest
from dns import flags, message, rcode, resolver, rrset

Zone = Mapping[tuple[str, str], str]
"""Records by absolute name and type: ``("db.stockroom.test.", "A"): "127.0.0.1"``."""


@contextmanager
def name_server(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """Send every look-up of a name, by the driver and by the system's functions, to a server with this zone.

    Yields the questions it received, names and types.
    """
    questions: list[tuple[str, str]] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        server = Thread(target=_serve, args=(listening, zone, questions))
        server.start()
        ours = resolver.Resolver(configure=False)
        ours.nameservers, ours.port = ["127.0.0.1"], listening.getsockname()[1]
        monkeypatch.setattr(resolver, "default_resolver", ours)
        resolver.override_system_resolver(ours)
        try:
            yield questions
        finally:
            resolver.restore_system_resolver()
            listening.sendto(b"", listening.getsockname())
            server.join()


def _serve(listening: socket.socket, zone: Zone, questions: list[tuple[str, str]]) -> None:
    while True:
        packet, client = listening.recvfrom(4096)
        if not packet:
            return
        listening.sendto(_answer(message.from_wire(packet), zone, questions).to_wire(), client)


def _answer(query: message.Message, zone: Zone, questions: list[tuple[str, str]]) -> message.Message:
    question = query.question[0]
    name, kind = question.name.to_text().lower(), question.to_text().split()[-1]
    questions.append((name, kind))
    answer = message.make_response(query)
    answer.flags |= flags.AA
    if (name, kind) in zone:
        answer.answer.append(rrset.from_text(name, 60, "IN", kind, zone[name, kind]))
    elif all(name != known for known, _ in zone):
        answer.set_rcode(rcode.NXDOMAIN)
    return answer
