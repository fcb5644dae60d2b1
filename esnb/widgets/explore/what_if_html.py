"""The state as it is beside the state without some events, as HTML."""

from __future__ import annotations

from esnb.drawing.html import note, table, text, value
from esnb.drawing.values import Limits, tree
from esnb.folds.same import ABSENT, same
from esnb.folds.versions import Version
from esnb.widgets.explore.skipped import Skipped
from esnb.widgets.explore.tables_html import mark_class, mark_html, remark
from esnb.widgets.explore.timeline import unknown

HINT = note(
    "Skip the event of a version, and see here what the state would be without it. "
    "Nothing is stored."
)


def side_by_side(version: Version, skipped: Skipped, limits: Limits, most: int = 100) -> str:
    """One row per field: its value now, and its value without the skipped events."""
    if not skipped:
        return HINT
    number = version.number
    without = f"without {skipped.named}"
    head = (
        f'<tr><th></th><th scope="col">field</th><th scope="col">as it is</th>'
        f'<th scope="col">{without}</th></tr>'
    )
    found = skipped.at(number)
    problem = unknown(version) or (unknown(found) if found else "")
    if problem:
        rows = f'<tr><td colspan="4"><em>{text(problem, 1000)}</em></td></tr>'
    else:
        rows = _rows(version, found, limits, most)
    about = f"after version {number:,}, {without}"
    return table("What if", about, "esnb-diff esnb-what-if", rows, head)


def _rows(now: Version, found: Version | None, limits: Limits, most: int) -> str:
    other = found.state if found else {}
    names = list(dict.fromkeys([*now.state, *other]))
    rows = []
    for name in names[:most]:
        sides = now.state.get(name, ABSENT), other.get(name, ABSENT)
        mark = "−" if sides[1] is ABSENT else "+" if sides[0] is ABSENT else "~"
        shown = None if same(*sides) else mark
        cells = "".join(
            f"<td>{'' if side is ABSENT else value(tree(side, limits))}</td>" for side in sides
        )
        rows.append(
            f"<tr{mark_class(shown)}><td>{mark_html(shown)}</td>"
            f'<th scope="row">{text(name, 80)}</th>{cells}</tr>'
        )
    if len(names) > most:
        rows.append(remark(f"… {len(names) - most:,} more fields", 3))
    if not names:
        rows.append(remark("no fields", 3))
    return "".join(rows)
