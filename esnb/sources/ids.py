"""Ids made easy: what may be passed where an aggregate or a stream is asked for.

A UUID or its text, the name of a stream, an aggregate or a domain event itself,
a row of a frame, or the beginning of an id: the eight digits that widgets show.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

from esnb.sources.application import ApplicationSource, has_text_ids
from esnb.sources.progress_bar import track
from esnb.values.ordered_repr import printable, short_repr

if TYPE_CHECKING:
    from esnb.sources.record import EventSource


class _HasId(Protocol):
    @property
    def id(self) -> Any: ...


class _HasOriginatorId(Protocol):
    @property
    def originator_id(self) -> Any: ...


class _HasStream(Protocol):
    @property
    def stream(self) -> Any: ...


Identified = UUID | str | _HasId | _HasOriginatorId | _HasStream | Mapping[str, Any]
"""What names an aggregate or a stream."""

SHORTEST: Final = 8
"""Characters by which an id may be named at least."""
_MOST_LISTED = 10
_NAMES = ("originator_id", "stream_name", "id", "stream")
"""Where objects have it: an event first of all has an id of its own."""
_DIGITS = re.compile(r"[0-9a-fA-F]{8,32}")
_UUID_IN_NAME = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")


def find_id(source: EventSource, given: Identified, what: str = "an aggregate") -> UUID | str:
    """The id that is meant; what names nothing in the source is returned as it is.

    The whole sequence is read where it is not the id of a stream: a beginning must
    be that of one id only. ValueError, which lists the candidates, where it is not;
    TypeError for what cannot name an aggregate, or whatever `what` says.
    """
    name = id_in(given, what)
    if _is_whole(source, name) or _exists(source, name):
        return name
    beginning = str(name).strip().removesuffix("…")
    return only_one(_beginning_with(source, beginning), beginning, f"ids in {source.name}") or name


def only_one(found: Sequence[str], beginning: str, what: str) -> str | None:
    """The one that was found; None where there is none, ValueError where there are several."""
    if len(found) > 1:
        raise ValueError(
            f"{printable(beginning)!r} is the beginning of {len(found):,} {what}: "
            f"{_listed(found)}. Pass more of the one that you mean"
        )
    return found[0] if found else None


def is_beginning(text: str) -> bool:
    """Whether it may be the beginning of a UUID, by which one is named."""
    return _DIGITS.fullmatch(text.replace("-", "")) is not None and not is_uuid(text)


def id_in(given: Identified, what: str = "an aggregate") -> UUID | str:
    """The id in whatever was passed; TypeError where there is none.

    >>> id_in({"stream": "order-1", "events": 3})
    'order-1'
    """
    if isinstance(given, UUID | str):
        return given
    found = None if isinstance(given, type) else _own_id(given, what)
    if isinstance(found, UUID | str):
        return found
    raise TypeError(
        f"{what} is named by itself, by a row of esnb.streams, by a UUID or text, "
        f"not by {type(given).__qualname__}"
    )


def _own_id(given: Any, what: str) -> Any:
    if hasattr(given, "columns"):
        return _of_frame(given, what)
    if isinstance(given, Mapping) or (hasattr(given, "index") and hasattr(given, "iloc")):
        return given.get("stream")
    names = ("stream",) if isinstance(given, tuple) else _NAMES
    for name in names:
        if isinstance(found := getattr(given, name, None), UUID | str):
            return found
    return None


def _of_frame(frame: Any, what: str) -> Any:
    if "stream" not in frame.columns:
        return None
    if len(frame) != 1:
        raise TypeError(f"{what} is named by one row, not by {len(frame):,}: pass frame.iloc[0]")
    return frame["stream"].iloc[0]


def _has_ids(source: EventSource) -> bool:
    """Whether its streams are named by the ids of aggregates, as an application's are."""
    return source.origin.kind == "application"


def _is_whole(source: EventSource, name: UUID | str) -> bool:
    """Whether it is an application's whole id, for which nothing else needs to be read."""
    if not isinstance(source, ApplicationSource) or has_text_ids(source.app):
        return False
    return isinstance(name, UUID) or is_uuid(name)


def is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _exists(source: EventSource, name: UUID | str) -> bool:
    with source.stream(name, None, None, 1) as records:
        return next(iter(records), None) is not None


def _beginning_with(source: EventSource, beginning: str) -> list[str]:
    """The ids that begin so, in the order in which their streams do."""
    if len(beginning) < SHORTEST:
        return []
    with source.events(None) as records:
        tracked = track(records, unit="events", total=source.count(None))
        names = dict.fromkeys(record.stream for record in tracked)
    return [name for name in names if begins(name, beginning, _has_ids(source))]


def begins(name: str, beginning: str, is_id: bool = True) -> bool:
    """Whether an id, or a stream's name, can be meant by the beginning of it.

    Of a UUID at least eight digits count, with or without what stands before it. A
    text counts only where it `is_id`, and a number in it only as a whole.

    >>> name = "dog-7f3a1b2c-9f00-4000-8000-000000000001"
    >>> [begins(name, each) for each in ("7f3a1b2c", "7F3A1B2C9F", "dog-7f3a1b2c", "dog-7f")]
    [True, True, True, False]
    >>> begins("customer-10", "customer-1"), begins("customer-tea", "customer")
    (False, True)
    """
    found = _UUID_IN_NAME.search(name)
    if found is None:
        rest = name[len(beginning) :]
        cuts_number = beginning[-1:].isdigit() and rest[:1].isdigit()
        return is_id and name.startswith(beginning) and not cuts_number
    before, digits = name[: found.start()], found.group().replace("-", "")
    wanted = beginning.removeprefix(before).lower().replace("-", "")
    if beginning == name:
        return True
    return _DIGITS.fullmatch(wanted) is not None and digits.startswith(wanted)


def _listed(names: Iterable[str]) -> str:
    texts = [short_repr(name) for name in names]
    more = f", … {len(texts) - _MOST_LISTED:,} more" if len(texts) > _MOST_LISTED else ""
    return ", ".join(texts[:_MOST_LISTED]) + more
