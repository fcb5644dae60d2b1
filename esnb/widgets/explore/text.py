"""Timelines as plain text: for terminals, and for nbval, which compares it."""

from __future__ import annotations

from esnb.folds.changes import ABSENT
from esnb.widgets.drawing.values import bare, line, stamp, tree, visible
from esnb.widgets.explore.changes import Change
from esnb.widgets.explore.timeline import Moment, Timeline

_MOST_EVENTS = 20
_MOST_FIELDS = 40
_WIDTH = 100


def title(timeline: Timeline) -> str:
    """The aggregate on one line."""
    count = len(timeline)
    plural = "s" if count > 1 else ""
    name = visible(timeline.name, 80)
    return f"{name} {visible(timeline.aggregate_id, 80)}, {count:,} version{plural}"


def page(timeline: Timeline, index: int, times: bool = True) -> str:
    """The newest versions, then event, diff and state of the one at `index`."""
    count = len(timeline)
    first = max(0, min(index - _MOST_EVENTS // 2, count - _MOST_EVENTS))
    shown = range(first, min(count, first + _MOST_EVENTS))
    lines = [title(timeline), ""]
    if len(shown) < count:
        lines.insert(1, f"showing {len(shown)} of {count:,} versions")
    lines += [_row(timeline, place, place == index) for place in shown]
    moment = timeline.moment(index)
    lines += ["", *_about(moment, times), "", "Diff", *_diff(moment), "", "State", *_state(moment)]
    return "\n".join(_cut(text) for text in lines)


def _row(timeline: Timeline, index: int, here: bool) -> str:
    version = timeline.versions[index]
    pointer = "→" if here else " "
    kept = " ◆" if version.number in timeline.snapshots else ""
    return f"{pointer} {version.number:>6,}  {visible(version.event, 40)}{kept}  {visible(version.changed, 120)}".rstrip()


def _about(moment: Moment, times: bool) -> list[str]:
    when = ""
    if times and moment.now.time is not None:
        when = f" at {stamp(moment.now.time)}"
    lines = [f"Version {moment.now.number:,}: {visible(moment.now.type, 120)}{when}", "", "Action"]
    data = tree(moment.now.data)
    if not data.entries:
        return [*lines, f"  {line(moment.now.data, _WIDTH)}"]
    return lines + [f"  {bare(key)}: {node.line()}" for key, node in data.entries[:_MOST_FIELDS]]


def _diff(moment: Moment) -> list[str]:
    if moment.now.problem:
        return [f"  not known: {visible(moment.now.problem)}"]
    found, more = moment.changes(_MOST_FIELDS)
    lines = [_change(change) for change in found]
    if more:
        lines.append(f"  … more than {_MOST_FIELDS} changes")
    return lines or ["  nothing changed"]


def _change(change: Change) -> str:
    sides = [line(side, 200) for side in (change.before, change.after) if side is not ABSENT]
    return f"{change.mark} {change.path}: {' → '.join(sides)}"


def _state(moment: Moment) -> list[str]:
    if moment.now.problem:
        return [f"  not known: {visible(moment.now.problem)}"]
    names = list(moment.now.state)
    lines = [
        f"  {visible(name, 80)}: {line(moment.now.state[name], 200)}"
        for name in names[:_MOST_FIELDS]
    ]
    if len(names) > _MOST_FIELDS:
        lines.append(f"  … {len(names) - _MOST_FIELDS:,} more fields")
    return lines or ["  no fields"]


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH + 40 else text[: _WIDTH + 39] + "…"
