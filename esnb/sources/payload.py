"""Payloads: from the stored bytes to a plain object, without importing anything.

The library's mapper resolves an event's topic, which imports the module that
the topic names, before it looks at the state. A frame shows what was recorded,
so it goes the mapper's way (cipher, compressor, transcoder) without the topic.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, NoReturn

from eventsourcing.persistence import (
    DatetimeAsISO,
    DecimalAsStr,
    JSONTranscoder,
    Mapper,
    Transcoding,
    UUIDAsHex,
)

from esnb.clients.uri import masked_error
from esnb.values.state import with_sets_in_order
from esnb.values.strict_json import OCTETS

Decode = Callable[[bytes], Any]
Decoded = tuple[Any, str | None]
"""A payload, and why it could not be read: then it is the stored bytes."""

_STANDARD: Mapping[str, Transcoding] = {
    transcoding.name: transcoding for transcoding in (UUIDAsHex(), DecimalAsStr(), DatetimeAsISO())
}
"""The transcodings that every application of the library has by default."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def json_decoder(transcoded: bool) -> Decode:
    """Reads JSON and the values in it that the library's own transcodings wrote.

    With `transcoded`, the library's transcoder wrote all of it: values of an
    application's own transcodings are returned as they were stored, since nobody
    else knows how to read them, and an application, a client and a file must
    show the same. Elsewhere an object is left as it is, whatever its keys are.
    """

    def restore(found: dict[str, Any]) -> Any:
        if len(found) == 2 and "_type_" in found and "_data_" in found:
            name, stored = found["_type_"], found["_data_"]
            if not isinstance(name, str):
                return found
            if name in _STANDARD:
                try:
                    return _STANDARD[name].decode(stored)
                except Exception:  # noqa: BLE001, S110  another one of this name, or damaged
                    pass
            return stored if transcoded else found
        return found

    decode = json.JSONDecoder(object_hook=restore).decode

    def decode_bytes(state: bytes) -> Any:
        return decode(str(state.removeprefix(_BYTE_ORDER_MARK), "utf-8"))

    return decode_bytes


_JSON: Mapping[bool, Decode] = {each: json_decoder(each) for each in (True, False)}


def read_message_pack(state: bytes) -> dict[str, Any]:
    """An object in MessagePack; ValueError for any other bytes, and without a package to read it."""
    if state[:1] not in _PACKED_OBJECTS:
        raise ValueError("it does not begin like an object")
    found = _message_pack_reader()(state)
    if type(found) is not dict or any(type(key) is not str for key in found):
        raise ValueError("it is not an object with names")
    return found


_PACKED_OBJECTS = frozenset(bytes([first]) for first in (*range(0x81, 0x90), 0xDE, 0xDF))
"""How an object that is not empty begins; no JSON begins so."""


@cache
def _message_pack_reader() -> Decode:
    try:
        import msgspec

        return msgspec.msgpack.decode
    except ImportError:
        pass
    try:
        import msgpack

        return partial(msgpack.unpackb, timestamp=3)
    except ImportError:
        return _no_message_pack


def _no_message_pack(state: bytes) -> NoReturn:
    raise ValueError("it may be MessagePack, which needs a package to read: pip install msgspec")


def mapper_plain(mapper: Mapper[Any]) -> Callable[[bytes], bytes]:
    """Decrypts and decompresses what `mapper` wrote."""
    cipher, compressor = _part(mapper, "cipher"), _part(mapper, "compressor")

    def plain(state: bytes) -> bytes:
        if cipher:
            state = cipher.decrypt(state)
        if compressor:
            state = compressor.decompress(state)
        return state

    return plain


def mapper_stored(mapper: Mapper[Any]) -> Callable[[bytes], bytes]:
    """Compresses and encrypts as `mapper` does: the way back."""
    cipher, compressor = _part(mapper, "cipher"), _part(mapper, "compressor")

    def stored(plain: bytes) -> bytes:
        if compressor:
            plain = compressor.compress(plain)
        if cipher:
            plain = cipher.encrypt(plain)
        return plain

    return stored


def _part(mapper: Mapper[Any], name: str) -> Any:
    """The parts of the library's mapper, which other mappers may lack."""
    return getattr(mapper, name, None)


def is_transcoded(mapper: Mapper[Any]) -> bool:
    """Whether the library's JSON transcoder writes the payloads."""
    return isinstance(_part(mapper, "transcoder"), JSONTranscoder)


def writes_its_own_way(mapper: Mapper[Any]) -> bool:
    """Whether a mapper makes payloads in a way of its own, for instance as lists."""
    return not is_transcoded(mapper) or _has_own(mapper)


def _has_own(mapper: Mapper[Any]) -> bool:
    names = ("to_stored_event", "to_domain_event")
    return any(getattr(type(mapper), each, None) is not getattr(Mapper, each) for each in names)


def mapper_decoder(mapper: Mapper[Any]) -> Decode:
    """Reads what `mapper` wrote: decrypts, decompresses, decodes.

    A mapper that makes events in a way of its own (msgspec's, pydantic's) may have
    a transcoder that does nothing: JSON and MessagePack are recognized by content.
    """
    plain, transcoded = mapper_plain(mapper), is_transcoded(mapper)
    transcoder = _part(mapper, "transcoder")
    has_own = getattr(type(mapper), "to_domain_event", None) is not Mapper.to_domain_event

    def transcode(state: bytes) -> Any:
        found = transcoder.decode(state)
        if has_own and not (isinstance(found, dict | list) and found):
            raise ValueError("it reads nothing")
        return with_sets_in_order(found)

    ways: dict[str, Decode] = {"its transcoder": transcode}
    if transcoded:
        ways = {"JSON": _JSON[True]}
        if type(transcoder).decode is not JSONTranscoder.decode:
            ways["its transcoder"] = transcode
    if has_own:
        ways |= {"JSON": _JSON[transcoded], "MessagePack": read_message_pack}
    if len(ways) == 1:
        (only,) = ways.values()
        return lambda state: only(plain(state))

    def decode(state: bytes) -> Any:
        try:
            payload = plain(state)
        except Exception:
            if not has_own:
                raise
            payload = state  # its own way is not to compress or encrypt
        return _first(payload, ways)

    return decode


def _first(state: bytes, ways: Mapping[str, Decode]) -> Any:
    """What the first way that works makes of it; ValueError with all reasons if none does."""
    problems = []
    for name, way in ways.items():
        try:
            return way(state)
        except Exception as error:  # noqa: BLE001  any transcoder, any damage: the next one
            problems.append(f"{name}: {masked_error(error)}")
    raise ValueError("; ".join(problems))


def decode_announced(state: bytes, content_type: str | None, transcoded: bool) -> Decoded:
    """A payload of which only the content type is known, and whether the library wrote it."""
    payload, problem = decode_or_keep(_JSON[transcoded], state)
    if problem is not None:
        packed, not_packed = decode_or_keep(read_message_pack, state)
        if not_packed is None:
            return packed, None
    if content_type == OCTETS and type(payload) is not dict:
        return state or None, None  # bytes are not damage where bytes were announced
    return payload, problem


def decode_or_keep(decode: Decode, state: bytes) -> Decoded:
    """The payload, or the raw bytes and what was wrong with them."""
    if not state:
        return None, None
    try:
        return decode(state), None
    except Exception as error:  # noqa: BLE001  any transcoder, any damage: one row less known
        return state, f"payload not readable: {masked_error(error)}"


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keeps the garbage collector from walking the objects of a long read again
    and again: decoding takes about half as long without it.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
