"""The tables of one version as HTML: Action, State and Diff."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from esnb.drawing.html import table, text, value
from esnb.drawing.values import Limits, bare, line, stamp, tree
from esnb.folds.same import ABSENT
from esnb.folds.versions import Version
from esnb.sources.moments import without_own_time
from esnb.widgets.explore.entry_changes import WORDS, EntryChange, entry_changes
from esnb.widgets.explore.timeline import unknown

_SHORT = 24
"""Characters of a value beside which the value before has room."""


def action(version: Version, limits: Limits, fields: int = 100, times: bool = True) -> str:
    """The event: its type, its time and the data that it carries."""
    about = [("type", f"<code>{text(version.type)}</code>")]
    if times and version.time is not None:
        about.append(("time", f"<code>{escape(stamp(version.time))}</code>"))
    data = tree(without_own_time(version.data), Limits(limits.characters, fields, limits.levels))
    if data.brackets == ("{", "}") and data.size:
        rows = [(text(bare(key), 80), value(node)) for key, node in data.entries]
        if data.omitted:
            rows.append(("", f"<em>… {data.omitted:,} more fields</em>"))
    elif data.brackets:
        rows = [("", "<em>no data</em>")]
    elif version.data is None:
        rows = [("", "<em>the event's data are not known</em>")]
    else:
        rows = [("", value(data))]
    body = "".join(f"<tr><th>{name}</th><td>{cell}</td></tr>" for name, cell in [*about, *rows])
    return table("Action", "the event and its data", "esnb-action", body)


def diff(version: Version, limits: Limits, most: int = 100, base: Version | None = None) -> str:
    """What the event changed: a mark, the field, its values before and after.

    With `base`, what differs from that version's state instead.
    """
    about = "what it changed"
    before, problem = version.before, unknown(version)
    if base is not None:
        about = f"from version {base.number:,} to version {version.number:,}"
        before, problem = base.state, problem or unknown(base)
    if problem:
        return table("Diff", about, "esnb-diff", _unknown(problem, 4))
    found, more = entry_changes(before, version.state, most)
    rows = "".join(_entry_change(change, limits) for change in found)
    if more:
        rows += remark(f"… more than {most:,} changes", 3)
    if not found:
        rows = remark("nothing changed" if base is None else "no differences", 3)
    head = "<tr><th></th><th>field</th><th>before</th><th>after</th></tr>"
    return table("Diff", about, "esnb-diff", rows, head)


def state(
    version: Version,
    limits: Limits,
    most: int = 100,
    blame: Callable[[str], Version | None] | None = None,
    times: bool = True,
) -> str:
    """The state after the event, one row per field, changed ones marked.

    With `blame`, the last column says which event set the field.
    """
    about = f"after version {version.number:,}"
    columns = 3 if blame else 2
    if version.problem is not None:
        return table("State", about, "esnb-state", _unknown(unknown(version), columns + 1))
    touched = {
        change.field: change.mark for change in entry_changes(version.before, version.state)[0]
    }
    rows = []
    for name in list(version.state)[:most]:
        mark = touched.get(name)
        if mark and name in version.before:
            mark = "~"
        by = _set_by(blame(name), times) if blame else ""
        before = _was(version, name, limits) if mark == "~" else ""
        rows.append(
            f"<tr{mark_class(mark)}><td>{mark_html(mark)}</td><th>{text(name, 80)}</th>"
            f"<td>{before}{value(tree(version.state[name], limits))}</td>{by}</tr>"
        )
    left = len(version.state) - len(rows)
    if left > 0:
        rows.append(remark(f"… {left:,} more fields", columns))
    if not rows:
        rows.append(remark("no fields", columns))
    return table("State", about, "esnb-state", "".join(rows))


def _was(version: Version, name: str, limits: Limits) -> str:
    """The value before, where it and the new one are short; longer ones are in the diff."""
    sides = [tree(side, limits) for side in (version.before[name], version.state[name])]
    if any(node.entries or len(node.line()) > _SHORT for node in sides):
        return ""
    return f"<del><code>{text(sides[0].line())}</code></del> "


def _set_by(version: Version | None, times: bool) -> str:
    """Which event set a field: its version and its name; its time for those who point at it."""
    if version is None:
        return '<td class="esnb-by"></td>'
    when = f' title="{escape(stamp(version.time))}"' if times and version.time else ""
    event = f"{version.number:,} {text(version.event, 60)}"
    return f'<td class="esnb-by"> <span{when}>set by {event}</span></td>'


def remark(words: str, columns: int) -> str:
    """A row that says something about the others, beside their marks."""
    return f'<tr><td></td><td colspan="{columns}"><em>{words}</em></td></tr>'


def _unknown(problem: str, columns: int) -> str:
    """The row of a version whose event could not be applied."""
    return f'<tr><td colspan="{columns}"><em>{text(problem, 1000)}</em></td></tr>'


def _entry_change(change: EntryChange, limits: Limits) -> str:
    before = "" if change.before is ABSENT else f"<del>{_side(change.before, limits)}</del>"
    after = "" if change.after is ABSENT else f"<ins>{_side(change.after, limits)}</ins>"
    return (
        f"<tr{mark_class(change.mark)}><td>{mark_html(change.mark)}</td><th>{text(change.path, 200)}</th>"
        f"<td>{before}</td><td>{after}</td></tr>"
    )


def _side(found: Any, limits: Limits) -> str:
    return f"<code>{text(line(found, min(limits.characters, 500)), 600)}</code>"


def mark_html(mark: str | None) -> str:
    """The mark of a change, and what it means in words."""
    if mark not in WORDS:
        return ""
    return f'<abbr title="{WORDS[mark]}">{mark}</abbr>'


def mark_class(mark: str | None) -> str:
    """The attribute that colours a row that changed."""
    return f' class="esnb-{WORDS[mark]}"' if mark in WORDS else ""
