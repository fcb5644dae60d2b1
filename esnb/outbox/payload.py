"""An event's stored state as plain JSON, without importing its class."""

from __future__ import annotations

from typing import Any

from eventsourcing.persistence import Mapper

from esnb.outbox.errors import PayloadError
from esnb.sources.payload import mapper_plain
from esnb.values.strict_json import strict_decoder


def stored_payload(mapper: Mapper[Any], state: bytes) -> Any:
    """What `mapper` stored in `state`: decrypted, decompressed and read as JSON.

    Values that the library wraps (`{"_type_": "decimal_str", "_data_": "12.50"}`)
    become what is inside, so that readers in other languages see `"12.50"`.
    Raises PayloadError for what a strict JSON parser refuses, NaN included.
    """
    try:
        plain = mapper_plain(mapper)(state)
        return _decode(str(plain, "utf-8")) if plain else None
    except Exception as error:
        # A cipher, a compressor or a transcoder of any make: one record less to send.
        raise PayloadError(
            f"the payload is not JSON ({type(error).__name__}: {error}): no queue takes it; "
            "discard the record"
        ) from error


def _unwrap(found: dict[str, Any]) -> Any:
    if len(found) == 2 and "_type_" in found and "_data_" in found:
        return found["_data_"]
    return found


_decode = strict_decoder(_unwrap).decode
