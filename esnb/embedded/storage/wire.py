"""Protocol buffers by hand, for the messages that are sent by the thousand.

Building a `ReadResp` with the generated classes costs ten times what joining
its bytes does, so the log keeps each event in the form in which it is sent
(see `record`), and reads only wrap it. `tests/unit/test_embedded_wire.py` compares
every function here with the generated classes.
"""

from __future__ import annotations

from uuid import UUID

_ONE_BYTE = [bytes((n,)) for n in range(128)]
_TWO_BYTES = [bytes((n & 127 | 128, n >> 7)) for n in range(1 << 14)]
_MORE = [bytes((n & 127 | 128, n >> 7 | 128)) for n in range(1 << 14)]
"""Two bytes after which others follow."""


def varint(value: int) -> bytes:
    """`value` (0 to 2**64-1) as a base-128 varint."""
    if value < 128:
        return _ONE_BYTE[value]
    if value < 1 << 14:
        return _TWO_BYTES[value]
    return _MORE[value & 16383] + varint(value >> 14)


def tagged(number: int, payload: bytes) -> bytes:
    """The length-delimited field `number` holding `payload`."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def number(field: int, value: int) -> bytes:
    """The varint field `field`; nothing for 0, as proto3 has it."""
    return varint(field << 3) + varint(value) if value else b""


def text_uuid(event_id: bytes) -> bytes:
    """Field 1 of a recorded event: its id as text."""
    digits = event_id.hex()
    return b"\x0a\x26\x12\x24" + (
        f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}".encode()
    )


def structured_uuid(event_id: bytes) -> bytes:
    """Field 1 of a recorded event: its id as two 64-bit halves."""
    high = number(1, int.from_bytes(event_id[:8], "big"))
    low = number(2, int.from_bytes(event_id[8:], "big"))
    return tagged(1, tagged(1, high + low))


def read_event(
    event: bytes | None, link: bytes | None, position: int, retries: int | None = None
) -> bytes:
    """`ReadResp.event` of an event, a link, or a link and what it points at.

    With `retries` it is the message of that name that persistent subscriptions send.
    """
    body = b"" if event is None else b"\x0a" + varint(len(event)) + event
    if link is not None:
        body += b"\x12" + varint(len(link)) + link
    body += b"\x18" + varint(position)
    if retries is not None:
        body += b"\x28" + varint(retries)
    return b"\x0a" + varint(len(body)) + body


def confirmation(subscription_id: str) -> bytes:
    """`ReadResp.confirmation`."""
    return tagged(2, tagged(1, subscription_id.encode()))


def checkpoint(position: int) -> bytes:
    """`ReadResp.checkpoint`."""
    return tagged(3, number(1, position) + number(2, position))


def stream_not_found(name: bytes) -> bytes:
    """`ReadResp.stream_not_found`."""
    return tagged(4, tagged(1, tagged(3, name)))


def first_stream_position(revision: int) -> bytes:
    """`ReadResp.first_stream_position`, 0 written out: it is one of a oneof."""
    return b"\x28" + varint(revision)


def last_stream_position(revision: int) -> bytes:
    """`ReadResp.last_stream_position`."""
    return b"\x30" + varint(revision)


CAUGHT_UP = tagged(8, b"")
"""`ReadResp.caught_up`."""


def parsed_uuid(text: str, high: int, low: int) -> bytes:
    """The 16 bytes of an id sent either way; ValueError when the text is not a UUID."""
    if text:
        digits = text.replace("-", "")
        return bytes.fromhex(digits) if len(digits) == 32 else UUID(text).bytes
    return (high % 2**64).to_bytes(8, "big") + (low % 2**64).to_bytes(8, "big")


class Malformed(ValueError):
    """Bytes that are not a protocol buffers message."""


def fields(message: bytes) -> dict[int, list[int | bytes]]:
    """The fields of a message by their numbers, for the few that no client's stubs have.

    Varints come as ints, everything else as bytes. Raises `Malformed`.
    """
    found: dict[int, list[int | bytes]] = {}
    place = 0
    while place < len(message):
        key, place = _read_varint(message, place)
        kind, size = key & 7, 0
        if kind == 0:
            value, place = _read_varint(message, place)
            found.setdefault(key >> 3, []).append(value)
            continue
        if kind == 2:
            size, place = _read_varint(message, place)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise Malformed(f"a field of wire type {kind}")
        if place + size > len(message):
            raise Malformed("a field that continues beyond the message's end")
        found.setdefault(key >> 3, []).append(message[place : place + size])
        place += size
    return found


def _read_varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(message) and shift < 70:
        byte = message[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
    raise Malformed("a number without an end")
