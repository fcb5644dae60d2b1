"""What every widget's HTML is made of: sheets, texts, values, tables, messages."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files

from esnb.widgets.drawing.values import ValueTree, visible

BUDGET = 190_000
"""Bytes of a saved view: notebooks are kept, mailed and compared."""
_INLINE = 64
"""Characters up to which a nested value stays on one line."""


@cache
def style(*sheets: str) -> str:
    """Style sheets of `esnb.widgets`, by their paths there, in their element."""
    texts = [files("esnb.widgets").joinpath(sheet).read_text("utf-8") for sheet in sheets]
    return f"<style>\n{''.join(texts)}</style>"


def text(value: str, most: int = 400) -> str:
    """A text of unknown origin, escaped and kept apart from what is around it."""
    return f"<bdi>{escape(visible(value, most))}</bdi>"


def folded(view: str, summary: str = "Saved view") -> str:
    """A view that is closed until it is wanted: below a live widget."""
    return f'<details class="esnb esnb-folded"><summary>{escape(summary)}</summary>\n{view}\n</details>'


def value(node: ValueTree) -> str:
    """A value: short ones on one line, nested ones to be unfolded."""
    if not node.entries:
        return f"<code>{text(node.text or node.line(), 10_000)}</code>"
    whole = node.line()
    if len(whole) <= _INLINE:
        return f"<code>{text(whole)}</code>"
    items = "".join(f"<li>{_labelled(key, inner)}</li>" for key, inner in node.entries)
    if node.omitted:
        items += f"<li><em>… {node.omitted:,} more</em></li>"
    summary = f"<code>{text(whole[: _INLINE - 1])}…</code> {counted(node)}"
    return f"<details><summary>{summary}</summary><ul>{items}</ul></details>"


def counted(node: ValueTree) -> str:
    """How many entries a nested value has, in words."""
    return f"{node.size:,} entr{'y' if node.size == 1 else 'ies'}"


def message(words: str) -> str:
    """Something that went wrong, where the user is looking; its lines stay lines."""
    if not words:
        return ""
    lines = "\n".join(text(line, 2000) for line in words[:6000].split("\n")[:20])
    return f'<p class="esnb-message" role="alert">{lines}</p>'


def note(words: str) -> str:
    """A remark beside the data."""
    return f'<p class="esnb-note">{text(words, 1000)}</p>'


def nothing(words: str) -> str:
    """The saved view of what has nothing to show yet."""
    return f'<div class="esnb esnb-saved">{style("drawing/esnb.css")}\n{note(words)}</div>'


def table(name: str, about: str, kind: str, body: str, head: str = "") -> str:
    """A table with its caption, of rows that are HTML already."""
    top = f"<thead>{head}</thead>" if head else ""
    caption = f"<caption><strong>{name}</strong>: {escape(about)}</caption>"
    return f'<table class="esnb-table {kind}">{caption}{top}<tbody>{body}</tbody></table>'


def _labelled(key: str, node: ValueTree) -> str:
    return f"<b>{text(key, 80)}</b>: {value(node)}" if key else value(node)
