"""A name server that knows a few names and no others, for this process."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread

import pytest
from dns import flags, message, rcode, resolver, rrset

Zone = Mapping[tuple[str, str], str]
"""Records by absolute name and type: ``("db.stockroom.test.", "A"): "127.0.0.1"``."""


@contextmanager
def naming(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """Every look-up of a name, by the driver and by the system's functions, goes to a server that has this zone.

    Yields what it was asked for, names and types.
    """
    asked: list[tuple[str, str]] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))
        server = Thread(target=_serve, args=(door, zone, asked))
        server.start()
        ours = resolver.Resolver(configure=False)
        ours.nameservers, ours.port = ["127.0.0.1"], door.getsockname()[1]
        monkeypatch.setattr(resolver, "default_resolver", ours)
        resolver.override_system_resolver(ours)
        try:
            yield asked
        finally:
            resolver.restore_system_resolver()
            door.sendto(b"", door.getsockname())
            server.join()


def _serve(door: socket.socket, zone: Zone, asked: list[tuple[str, str]]) -> None:
    while True:
        wire, client = door.recvfrom(4096)
        if not wire:
            return
        door.sendto(_answer(message.from_wire(wire), zone, asked).to_wire(), client)


def _answer(query: message.Message, zone: Zone, asked: list[tuple[str, str]]) -> message.Message:
    question = query.question[0]
    name, kind = question.name.to_text().lower(), question.to_text().split()[-1]
    asked.append((name, kind))
    answer = message.make_response(query)
    answer.flags |= flags.AA
    if (name, kind) in zone:
        answer.answer.append(rrset.from_text(name, 60, "IN", kind, zone[name, kind]))
    elif all(name != known for known, _ in zone):
        answer.set_rcode(rcode.NXDOMAIN)
    return answer
