"""What every widget's HTML is made of: sheets, texts, values, tables, messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from html import escape
from importlib.resources import files

from esnb.drawing.values import ValueTree, counted, stamp, visible

BUDGET = 190_000
"""Most bytes of a saved view: notebooks are kept, mailed and compared."""
NO_MATHS = "tex2jax_ignore mathjax_ignore"
"""Classes of what MathJax leaves alone: two dollar signs in a text are not a formula.

Notebooks typeset each value of a widget by itself, so that an element around it
with these classes does not count: each text that may be taken for a formula has them.
"""
_ONE_LINE = 64
"""Characters up to which a nested value is not folded."""


@cache
def style(*sheets: str) -> str:
    """Style sheets of the package, by their paths in it, in a style element."""
    texts = [files("esnb").joinpath(sheet).read_text("utf-8") for sheet in sheets]
    return f"<style>\n{''.join(texts)}</style>"


def saved(body: str, *sheets: str) -> str:
    """A saved view: a body with the style sheet of all widgets and those of its own."""
    return f'<div class="esnb esnb-saved {NO_MATHS}">{style("drawing/esnb.css", *sheets)}\n{body}</div>'


def within_budget(pages: Iterable[str]) -> str:
    """The first of these ever shorter pages that fits `BUDGET`, else the last one."""
    for page in pages:
        if len(page.encode()) <= BUDGET:
            break
    return page


def text(value: str, most: int = 400) -> str:
    """A text of unknown origin, escaped and kept apart from what is around it."""
    maths = f' class="{NO_MATHS}"' if "$" in value or "\\" in value else ""
    return f"<bdi{maths}>{escape(visible(value, most))}</bdi>"


def folded(view: str, summary: str = "Saved view") -> str:
    """A view that stays folded until it is opened: below a live widget."""
    return f'<details class="esnb esnb-folded {NO_MATHS}"><summary>{escape(summary)}</summary>\n{view}\n</details>'


def as_text(lines: str) -> str:
    """The text that says the same as a drawing, folded below it."""
    return (
        f'<details class="esnb-as-text"><summary>As text</summary>'
        f"<pre><bdi>{escape(lines)}</bdi></pre></details>"
    )


def value(node: ValueTree) -> str:
    """A value: short ones on one line, nested ones folded."""
    if not node.entries:
        return f"<code>{text(node.text or node.line(), 10_000)}</code>"
    whole = node.line()
    if len(whole) <= _ONE_LINE:
        return f"<code>{text(whole)}</code>"
    items = "".join(f"<li>{_labelled(key, inner)}</li>" for key, inner in node.entries)
    if node.omitted:
        items += f"<li><em>… {node.omitted:,} more</em></li>"
    summary = f"<code>{text(whole[: _ONE_LINE - 1])}…</code> {entries(node)}"
    return f"<details><summary>{summary}</summary><ul>{items}</ul></details>"


def entries(node: ValueTree) -> str:
    """How many entries a nested value has, in words."""
    return counted(node.size, "entry", "entries")


def heading(name: str, id: str = "", count: str = "") -> str:
    """The title of a widget: a name that is HTML already, an id, and how much there is."""
    about = f' <code class="esnb-id">{text(id, 80)}</code>' if id else ""
    about += f' <span class="esnb-count">{count}</span>' if count else ""
    return f'<p class="esnb-title"><strong>{name}</strong>{about}</p>'


def when(time: datetime | None, times: bool = True) -> str:
    """The time, to stand after what it belongs to; nothing where it is unknown or not wanted."""
    if time is None or not times:
        return ""
    return f' <span class="esnb-when">{escape(stamp(time))}</span>'


def step(summary: str, body: str, opened: bool) -> str:
    """One entry of a list: its line, and the rest folded below it."""
    return (
        f'<details class="esnb-step"{" open" if opened else ""}>'
        f"<summary>{summary}</summary>\n{body}</details>"
    )


def steps(found: Iterable[str]) -> str:
    """All of them."""
    lines = "\n".join(found)
    return f'<div class="esnb-steps">\n{lines}\n</div>'


def message(words: str) -> str:
    """An error, where the user is looking; its line breaks are kept."""
    if not words:
        return ""
    lines = "\n".join(text(line, 2000) for line in words[:6000].split("\n")[:20])
    return f'<p class="esnb-message" role="alert">{lines}</p>'


def note(words: str, announced: bool = False) -> str:
    """A note beside the data; if it is `announced`, screen readers read it out when it changes."""
    role = ' role="status"' if announced else ""
    return f'<p class="esnb-note"{role}>{text(words, 1000)}</p>' if words else ""


def nothing(words: str) -> str:
    """The saved view of what has nothing to show yet."""
    return saved(note(words))


def table(name: str, about: str, kind: str, body: str, head: str = "") -> str:
    """A table with its caption, of rows that are HTML already."""
    top = f"<thead>{head}</thead>" if head else ""
    caption = f"<caption><strong>{name}</strong>: {escape(about)}</caption>"
    return f'<table class="esnb-table {kind}">{caption}{top}<tbody>{body}</tbody></table>'


def _labelled(key: str, node: ValueTree) -> str:
    return f"<b>{text(key, 80)}</b>: {value(node)}" if key else value(node)
