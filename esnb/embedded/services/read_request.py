"""What a `Read` request asks for: its options, checked and counted as the store counts."""

from __future__ import annotations

from typing import Any

from esnb.embedded.streams.errors import InvalidCombination, InvalidRequest
from esnb.embedded.streams.reading import END_OF_ALL

_DEFAULT_WINDOW = 32


def options_of(request: Any) -> Any:
    """The request's options; raises `InvalidRequest` when it has none."""
    if not request.HasField("options"):
        raise InvalidRequest("the request has no options")
    return request.options


def checked_combination(options: Any) -> bool:
    """Whether the request subscribes; raises for combinations that mean nothing."""
    target = options.WhichOneof("stream_option")
    count = options.WhichOneof("count_option")
    filtered = options.WhichOneof("filter_option")
    if target is None:
        raise InvalidCombination("the request names neither a stream nor $all")
    if count is None:
        raise InvalidCombination("the request says neither a count nor a subscription")
    if filtered is None:
        raise InvalidCombination("the request says neither filter nor no_filter")
    if target == "stream" and filtered == "filter":
        raise InvalidCombination("a filter is for $all, not for a stream")
    if count == "subscription" and options.read_direction:
        raise InvalidCombination("a subscription reads forwards only")
    return bool(count == "subscription")


def first_revision(options: Any) -> int:
    """Where a read begins; below 0 for one that EventStoreDB does not take."""
    revision = options.stream.WhichOneof("revision_option")
    if revision is None:
        raise InvalidRequest("the request does not say where in the stream to begin")
    if revision == "start":
        return 0
    wanted = 2**64 - 1 if revision == "end" else int(options.stream.revision)
    if options.read_direction:
        return min(wanted, 2**63 - 1)
    return wanted - 2**64 if wanted >= 2**63 else wanted


def first_wanted(stream: Any) -> int | None:
    """The first revision that a subscription wants, None for those still to come."""
    revision = stream.WhichOneof("revision_option")
    if revision is None:
        raise InvalidRequest("the request does not say where in the stream to begin")
    if revision == "start":
        return 0
    if revision == "end" or stream.revision >= 2**63 - 1:
        return None
    return int(stream.revision) + 1


def position(options: Any) -> int:
    """Where in `$all` a read begins."""
    wanted = options.WhichOneof("all_option")
    if wanted is None:
        raise InvalidRequest("the request does not say where in $all to begin")
    if wanted == "start":
        return 0
    if wanted == "end":
        return END_OF_ALL
    commit: int = options.position.commit_position
    return commit


def last_known(options: Any) -> int | None:
    """Behind which position a subscription begins, None for what is still to come."""
    known = position(options)
    return None if known == END_OF_ALL else known


def window(options: Any) -> int:
    """After how many considered events a filtered subscription tells a checkpoint."""
    size: int = options.max if options.WhichOneof("window") == "max" else 0
    multiplier: int = options.checkpointIntervalMultiplier
    return (size or _DEFAULT_WINDOW) * max(1, multiplier)
