"""Timelines as plain text: for terminals, and for nbval, which compares it."""

from __future__ import annotations

from esnb.drawing.values import bare, counted, cut_at_word, line, stamp, tree, visible
from esnb.folds.same import ABSENT
from esnb.folds.versions import Version
from esnb.sources.moments import without_own_time
from esnb.widgets.explore.entry_changes import EntryChange, entry_changes
from esnb.widgets.explore.timeline import Timeline, unknown

_MOST_EVENTS = 20
_MOST_FIELDS = 40
_WIDTH = 100


def title(timeline: Timeline) -> str:
    """The aggregate on one line."""
    name = f"{visible(timeline.name, 80)} {visible(timeline.aggregate_id, 80)}"
    return f"{name}, {counted(len(timeline), 'version')}"


def page(timeline: Timeline, index: int, times: bool = True) -> str:
    """The newest versions, then event, diff and state of the one at `index`."""
    count = len(timeline)
    first = max(0, min(index - _MOST_EVENTS // 2, count - _MOST_EVENTS))
    shown = range(first, min(count, first + _MOST_EVENTS))
    lines = [title(timeline), ""]
    if len(shown) < count:
        lines.insert(1, f"showing {len(shown)} of {count:,} versions")
    lines += [_row(timeline, place, place == index) for place in shown]
    version = timeline.versions[index]
    lines += ["", *_about(version, times), "", "Diff", *_diff(version)]
    lines += ["", "State", *_state(version)]
    return "\n".join(cut_at_word(text, _WIDTH + 40) for text in lines)


def _row(timeline: Timeline, index: int, here: bool) -> str:
    version = timeline.versions[index]
    pointer = "→" if here else " "
    kept = " ◆" if timeline.has_snapshot(index) else ""
    return f"{pointer} {version.number:>6,}  {visible(version.event, 40)}{kept}  {cut_at_word(version.changed, 120)}".rstrip()


def _about(version: Version, times: bool) -> list[str]:
    when = ""
    if times and version.time is not None:
        when = f" at {stamp(version.time)}"
    lines = [f"Version {version.number:,}: {visible(version.type, 120)}{when}", "", "Action"]
    data = without_own_time(version.data)
    entries = tree(data).entries
    if not entries:
        return [*lines, f"  {line(data, _WIDTH)}"]
    return lines + [f"  {bare(key)}: {node.line()}" for key, node in entries[:_MOST_FIELDS]]


def _diff(version: Version) -> list[str]:
    if version.problem is not None:
        return [f"  {visible(unknown(version))}"]
    found, more = entry_changes(version.before, version.state, _MOST_FIELDS)
    lines = [_change(change) for change in found]
    if more:
        lines.append(f"  … more than {_MOST_FIELDS} changes")
    return lines or ["  nothing changed"]


def _change(change: EntryChange) -> str:
    sides = [line(side, 200) for side in (change.before, change.after) if side is not ABSENT]
    return f"{change.mark} {change.path}: {' → '.join(sides)}"


def _state(version: Version) -> list[str]:
    if version.problem is not None:
        return [f"  {visible(unknown(version))}"]
    names = list(version.state)
    lines = [
        f"  {visible(name, 80)}: {line(version.state[name], 200)}" for name in names[:_MOST_FIELDS]
    ]
    if len(names) > _MOST_FIELDS:
        lines.append(f"  … {len(names) - _MOST_FIELDS:,} more fields")
    return lines or ["  no fields"]
