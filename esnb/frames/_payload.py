"""Payloads: from the stored bytes to a JSON object, without importing anything.

The library's mapper resolves an event's topic, which imports the module that
the topic names, before it looks at the state. A frame shows what was recorded,
so it goes the mapper's way (cipher, compressor, transcoder) without the topic.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from eventsourcing.persistence import (
    DatetimeAsISO,
    DecimalAsStr,
    JSONTranscoder,
    Mapper,
    Transcoding,
    UUIDAsHex,
)

from esnb._uri import said
from esnb.frames._state import with_sets_in_order

Decode = Callable[[bytes], Any]
Decoded = tuple[Any, str | None]
"""A payload, and why it could not be read: then it is the stored bytes."""

STANDARD: Mapping[str, Transcoding] = {
    transcoding.name: transcoding for transcoding in (UUIDAsHex(), DecimalAsStr(), DatetimeAsISO())
}
"""The transcodings that every application of the library has."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def json_decoder(transcodings: Mapping[str, Transcoding] = STANDARD) -> Decode:
    """Reads JSON and the values in it that one of `transcodings` wrote.

    The library's own decoder refuses a whole event for one unknown name; here
    such a value stays as it is stored.
    """

    def restore(found: dict[str, Any]) -> Any:
        if len(found) == 2 and "_type_" in found and "_data_" in found:
            name = found["_type_"]
            transcoding = transcodings.get(name) if isinstance(name, str) else None
            if transcoding is not None:
                try:
                    return with_sets_in_order(transcoding.decode(found["_data_"]))
                except Exception:  # noqa: BLE001  damaged: shown as it is stored
                    return found
        return found

    decode = json.JSONDecoder(object_hook=restore).decode

    def decode_bytes(state: bytes) -> Any:
        return decode(str(state.removeprefix(_BYTE_ORDER_MARK), "utf-8"))

    return decode_bytes


def mapper_plain(mapper: Mapper[Any]) -> Callable[[bytes], bytes]:
    """Decrypts and decompresses what `mapper` wrote."""

    def plain(state: bytes) -> bytes:
        if mapper.cipher:
            state = mapper.cipher.decrypt(state)
        if mapper.compressor:
            state = mapper.compressor.decompress(state)
        return state

    return plain


def mapper_stored(mapper: Mapper[Any]) -> Callable[[bytes], bytes]:
    """Compresses and encrypts as `mapper` does: the way back."""

    def stored(plain: bytes) -> bytes:
        if mapper.compressor:
            plain = mapper.compressor.compress(plain)
        if mapper.cipher:
            plain = mapper.cipher.encrypt(plain)
        return plain

    return stored


def mapper_decoder(mapper: Mapper[Any]) -> Decode:
    """Reads what `mapper` wrote: decrypts, decompresses, decodes."""
    transcoder = mapper.transcoder
    decode: Decode
    if isinstance(transcoder, JSONTranscoder) and (
        type(transcoder).decode is JSONTranscoder.decode
    ):
        decode = json_decoder(transcoder.names)
    else:
        decode = transcoder.decode

    plain = mapper_plain(mapper)
    return lambda state: decode(plain(state))


def decode_or_keep(decode: Decode, state: bytes) -> Decoded:
    """The payload, or the bytes as they are and what was wrong with them."""
    if not state:
        return None, None
    try:
        return decode(state), None
    except Exception as error:  # noqa: BLE001  any transcoder, any damage: one row less known
        return state, f"payload not readable: {said(error)}"


def is_json(state: bytes) -> bool:
    """Whether a strict parser reads `state` as JSON: NaN and Infinity are none."""
    try:
        json.loads(state, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


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
