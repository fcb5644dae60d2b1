"""What a snapshot brings back of the state that it was taken of."""

from __future__ import annotations

from typing import Any

from eventsourcing.domain import CanMutateProtocol

from esnb._attributes import instance_attributes
from esnb.difference import Comparison, Difference

_NO_STATE = frozenset({"timestamp"})
"""When the snapshot was taken; its own zone may become an offset."""


def lost_in_storing(taken: Any, restored: Any) -> Difference | None:
    """Where a stored snapshot differs from the one that was taken; None: nowhere.

    One whose `mutate()` makes up for it (a list that it turns into the tuple
    again) loses nothing. Raises what the code of the state's classes raises.
    """
    found = _difference(taken, restored)
    if found is None or not isinstance(taken, CanMutateProtocol):
        return found
    return Comparison().compare(taken.mutate(None), restored.mutate(None)) and found


def _difference(taken: Any, restored: Any) -> Difference | None:
    comparison, before, after = Comparison(), _content(taken), _content(restored)
    for name in before:
        found = comparison.compare(before[name], after.get(name))
        if found is not None:
            return found.within(name)
    return None


def _content(snapshot: Any) -> dict[str, Any]:
    return {name: value for name, value in instance_attributes(snapshot) if name not in _NO_STATE}
