"""What a snapshot brings back of the state that it was taken of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from esnb.values.attributes import instance_attributes
from esnb.values.difference import Comparison, Difference

_NO_STATE = frozenset({"timestamp"})
"""When the snapshot was taken; its own zone may become an offset."""


def lost_in_storing(
    taken: Any, restored: Any, folds: Iterable[Callable[[Any], Any]] = ()
) -> Difference | None:
    """Where a stored snapshot differs from the one that was taken; None: nowhere.

    One of which a fold makes the same aggregate all the same loses nothing: a
    list may be made a tuple again, and text a moment. Raises what the code of
    the state's classes raises.
    """
    found = _difference(taken, restored)
    if found is None or any(_is_made_up_for(taken, restored, fold) for fold in folds):
        return None
    return found


def _is_made_up_for(taken: Any, restored: Any, fold: Callable[[Any], Any]) -> bool:
    try:
        before, after = fold(taken), fold(restored)
    except Exception:  # noqa: BLE001  a projector of other aggregates, or one that needs the types
        return False
    return before is not None and Comparison().compare(before, after) is None


def _difference(taken: Any, restored: Any) -> Difference | None:
    comparison, before, after = Comparison(), _content(taken), _content(restored)
    for name in before:
        found = comparison.compare(before[name], after.get(name))
        if found is not None:
            return found.within(name)
    return None


def _content(snapshot: Any) -> dict[str, Any]:
    return {name: value for name, value in instance_attributes(snapshot) if name not in _NO_STATE}
