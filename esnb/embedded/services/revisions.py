"""Revisions and positions as requests carry them: unsigned, and the largest means the end."""

from __future__ import annotations

from typing import Any

from esnb.embedded.streams.errors import InvalidRequest

NONE = -1
"""What the largest number of all stands for: the end of a stream, or no stream at all."""
_LARGEST = 2**64 - 1
_MOST = 2**63 - 1


def revision(number: int) -> int:
    """A revision; `NONE` for the largest number; raises `InvalidRequest` above 2**63 - 1."""
    if number == _LARGEST:
        return NONE
    if number > _MOST:
        raise InvalidRequest(f"{number} is not a revision: the last one is {_MOST}")
    return int(number)


def commit(position: Any) -> int:
    """The commit position of a position in `$all`; `NONE` for the largest.

    Raises `InvalidRequest` when the two halves cannot belong together.
    """
    committed, prepared = position.commit_position, position.prepare_position
    if committed < prepared:
        raise InvalidRequest(
            f"the commit position {committed} lies before the prepare position {prepared}"
        )
    revision(prepared)
    return revision(committed)
