"""What a `Read` request asks for: its options, checked and counted as the store counts.

The checks and their order are EventStoreDB's: the stream option, the combination
of the options, where to begin, the filter, its window, the checkpoint interval.
Which form ids are to have is asked only when there is an event to be written.
"""

from __future__ import annotations

from typing import Any

from esnb.embedded.services.choices import chosen_field, kind, title
from esnb.embedded.services.revisions import NONE, commit, revision
from esnb.embedded.streams.catch_up import FilterWindow
from esnb.embedded.streams.errors import InvalidArgument, InvalidCombination, InvalidRequest
from esnb.embedded.streams.reading import END_OF_ALL

_DEFAULT_WINDOW = 32
_DIRECTIONS = ("Forwards", "Backwards")
_SERVED = {
    (target, "count", direction, "no_filter")
    for target in ("stream", "all")
    for direction in (0, 1)
} | {
    ("stream", "subscription", 0, "no_filter"),
    ("all", "subscription", 0, "no_filter"),
    ("all", "subscription", 0, "filter"),
    ("all", "count", 0, "filter"),
    ("all", "count", 1, "filter"),
}
"""Target, what is asked of it, direction and filter option."""


def options_of(request: Any) -> Any:
    """The request's options; raises `InvalidRequest` when it has none."""
    if not request.HasField("options"):
        raise InvalidRequest("the request has no options")
    return request.options


def checked_combination(options: Any) -> bool:
    """Whether the request subscribes; raises for combinations that mean nothing."""
    target = chosen_field(options, "stream_option")
    if target == "stream" and not options.stream.HasField("stream_identifier"):
        raise InvalidRequest("the request names no stream")
    asked = options.WhichOneof("count_option")
    direction: int = options.read_direction
    filtered = options.WhichOneof("filter_option")
    if (target, asked, direction, filtered) not in _SERVED:
        raise InvalidCombination(
            title(target), title(asked), _direction(direction), title(filtered)
        )
    return bool(asked == "subscription")


def _direction(number: int) -> str:
    return _DIRECTIONS[number] if 0 <= number < len(_DIRECTIONS) else str(number)


def first_revision(options: Any) -> int:
    """Where a read begins; below 0 for one that EventStoreDB does not take."""
    place = options.stream.WhichOneof("revision_option")
    if place is None:
        raise InvalidRequest("the request does not say where in the stream to begin")
    if place == "start":
        return 0
    wanted = NONE if place == "end" else revision(options.stream.revision)
    return 2**63 - 1 if wanted == NONE and options.read_direction else wanted


def first_wanted(stream: Any) -> int | None:
    """The first revision that a subscription wants, None for those still to come."""
    place = stream.WhichOneof("revision_option")
    if place is None:
        raise InvalidRequest("the request does not say where in the stream to begin")
    if place == "start":
        return 0
    known = NONE if place == "end" else revision(stream.revision)
    return None if known in (NONE, 2**63 - 1) else known + 1


def position(options: Any) -> int:
    """Where in `$all` a read begins."""
    wanted = options.WhichOneof("all_option")
    if wanted is None:
        raise InvalidRequest("the request does not say where in $all to begin")
    if wanted == "start":
        return 0
    known = NONE if wanted == "end" else commit(options.position)
    return END_OF_ALL if known == NONE else known


def last_known(options: Any) -> int | None:
    """Behind which position a subscription begins, None for what is still to come."""
    known = position(options)
    return None if known == END_OF_ALL else known


def expression(options: Any) -> tuple[str, Any]:
    """By what a filter chooses, and how."""
    by: str | None = options.WhichOneof("filter")
    if by is None:
        raise InvalidArgument(_filter_text(options), kind(options))
    return by, getattr(options, by)


def window(options: Any) -> int:
    """How many events one page of a filtered read considers."""
    if chosen_field(options, "window") == "count":
        return _DEFAULT_WINDOW
    return int(options.max) or _DEFAULT_WINDOW  # EventStoreDB never answers a window of 0


def checkpoints(options: Any) -> FilterWindow:
    """When a filtered subscription tells how far it has looked."""
    size = window(options)
    if options.checkpointIntervalMultiplier == 0:
        raise InvalidRequest("a checkpoint interval multiplier is at least 1")
    return FilterWindow(size, size * options.checkpointIntervalMultiplier)


def _filter_text(options: Any) -> str:
    """A filter that says neither streams nor event types, as EventStoreDB shows it."""
    parts = []
    if options.WhichOneof("window") == "max":
        parts.append(f'"max": {options.max}')
    elif options.WhichOneof("window") == "count":
        parts.append('"count": { }')
    if options.checkpointIntervalMultiplier:
        parts.append(f'"checkpointIntervalMultiplier": {options.checkpointIntervalMultiplier}')
    return f"{{ {', '.join(parts)} }}" if parts else "{ }"
