"""Regular expressions of .NET as RE2 writes them, where RE2 has such a thing.

RE2 takes time in proportion to the text, whatever the expression is. It has no
backreferences and does not look around; and it tells words apart in ASCII only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
      \\(?P<escape>u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|c[A-Za-z]|[pP]\{\w+\}|.)
    | (?P<set>\[\^?\]?(?:\\.|[^]\\])*(?:\]|\Z))
    | \(\?(?P<options>[imnsx-]+)(?P<options_end>[:)])
    | \(\?(?P<look>[=!])
    | (?P<comment>\(\?\#[^)]*(?:\)|\Z))
    | (?P<group>\(\?(?:<[A-Za-z_]\w*>|'[A-Za-z_]\w*'|:)|\((?!\?))
    | (?P<unknown>\(\?)
    | (?P<plain>[^\\\[(){}|?*+^$.]+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SET_ITEM = re.compile(
    r"\\(?P<escape>u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|c[A-Za-z]|[pP]\{\w+\}|.)|(?P<other>.)",
    re.DOTALL,
)
_CLASS = re.compile(r"\\[wWsSdDpP]")
_WORD = r"\p{L}\p{Mn}\p{Nd}\p{Pc}"
_SPACE = r"\t-\r\x{85}\p{Z}"
_CLASSES = {
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
    "w": f"[{_WORD}]",
    "W": f"[^{_WORD}]",
    "s": f"[{_SPACE}]",
    "S": f"[^{_SPACE}]",
}
_CLASSES_IN_SETS = {"d": r"\p{Nd}", "D": r"\P{Nd}", "w": _WORD, "s": _SPACE}
_END = r"(?:\n?\z)"
"""Where a text ends for .NET: also before a line break at its end."""
_PLACES = {"A": r"\A", "G": r"\A", "z": r"\z", "Z": _END, "b": r"\b", "B": r"\B"}
_CONTROLS = {"a": 7, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "e": 27}
_CATEGORIES = re.compile(
    r"[pP]\{(?:L[ulmot]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cf]?)\}"
)
_MOST_CLASSES = 300
"""RE2 writes out all the characters of a class each time: a fifth of a millisecond."""
_REPETITION = ("*", "+", "?", "{")


class NotLinear(ValueError):
    """RE2 has nothing that means the same, or the expression is not valid at all."""


class Test(NamedTuple):
    """One of the searches that an expression comes to: whether it has to find something."""

    expression: str
    wanted: bool


class Linear(NamedTuple):
    """An expression as searches that all have to come out as wanted.

    They agree with .NET on any text; where they look for word boundaries, on
    ASCII text only, and where lines have ends of their own, on one line only.
    """

    tests: list[Test]
    has_word_edges: bool
    has_lines: bool


class _Token(NamedTuple):
    kind: str
    text: str


def to_linear(pattern: str) -> Linear:
    """The expression for RE2; raises `NotLinear`."""
    if len(_CLASS.findall(pattern)) > _MOST_CLASSES:
        raise NotLinear("it has too many classes of characters")
    tokens = list(_tokens(pattern))
    has_lines = any(kind in ("options", "group") and "m" in text for kind, text in tokens)
    if not has_lines:
        tokens = [_Token("place", _END) if each == ("other", "$") else each for each in tokens]
    edges = any(text in (r"\b", r"\B") for kind, text in tokens if kind == "place")
    begun = _count_anchors(tokens)
    tests = []
    rest = tokens[begun:]
    while begun and rest and rest[0].kind == "look":
        end = _end_of_group(rest)
        body = [_Token("group", "(?:"), *rest[1:end], _Token("other", ")")]
        tests.append(Test(_join(tokens[:begun] + body), rest[0].text == "="))
        rest = rest[end + 1 :]
        if rest and rest[0].text in _REPETITION:
            raise NotLinear(pattern)
    if tests and _has_alternatives(rest):
        raise NotLinear(pattern)
    return Linear([*tests, Test(_join(tokens[:begun] + rest), True)], edges, has_lines)


def _count_anchors(tokens: list[_Token]) -> int:
    """How many tokens pin the expression to the text's beginning; 0 when none do."""
    for index, (kind, text) in enumerate(tokens):
        if text in ("^", r"\A"):
            return index + 1
        if kind != "options" or "m" in text:
            break
    return 0


def _end_of_group(tokens: list[_Token]) -> int:
    """Where the group that the first token opens is closed."""
    depth = 0
    for index, token in enumerate(tokens):
        depth += _opens(token) - _closes(token)
        if not depth:
            return index
    raise NotLinear("a group without an end")


def _has_alternatives(tokens: list[_Token]) -> bool:
    depth = 0
    for token in tokens:
        depth += _opens(token) - _closes(token)
        if not depth and token == ("other", "|"):
            return True
    return False


def _opens(token: _Token) -> bool:
    return token.kind in ("group", "look")


def _closes(token: _Token) -> bool:
    return token == ("other", ")")


def _join(tokens: list[_Token]) -> str:
    if any(token.kind == "look" for token in tokens):
        raise NotLinear("it looks ahead")
    return "".join(token.text for token in tokens)


def _tokens(pattern: str) -> Iterator[_Token]:
    for token in _TOKEN.finditer(pattern):
        kind, text = str(token.lastgroup), token[0]
        if kind == "escape":
            escape = token["escape"]
            place = _PLACES.get(escape)
            yield (
                _Token("place", place)
                if place
                else _Token("text", _translate_escape(escape, _CLASSES))
            )
        elif kind == "set":
            yield _Token("text", _set(text))
        elif kind == "options_end":
            yield from _options(token["options"], text[-1])
        elif kind == "look":
            yield _Token("look", token["look"])
        elif kind == "group":
            yield _Token("group", "(?:")
        elif kind == "unknown" or (kind == "comment" and not text.endswith(")")):
            raise NotLinear(pattern)
        elif kind in ("plain", "other"):
            yield _Token(kind, text)


def _options(options: str, end: str) -> Iterator[_Token]:
    """Whether groups count (`n`) is of no matter where none is asked for."""
    known = options.replace("n", "")
    if "x" in known or known.endswith("-"):
        raise NotLinear(options)
    if end == ":":
        yield _Token("group", f"(?{known}:")
    elif known:
        yield _Token("options", f"(?{known})")


def _set(text: str) -> str:
    """A set of characters; in .NET a bracket in one is a character like others."""
    begun = 2 if text.startswith("[^") else 1
    if not text.endswith("]") or len(text) == begun:
        raise NotLinear("a set without an end")
    items = []
    before = ""
    for item in _SET_ITEM.finditer(text[begun:-1]):
        if item["escape"]:
            items.append(_translate_escape(item["escape"], _CLASSES_IN_SETS))
        elif item[0] == "[" and before == "-":
            raise NotLinear("one set is subtracted from another")
        else:
            items.append("-" if item[0] == "-" else _character(ord(item[0])))
        before = item[0]
    return text[:begun] + "".join(items) + "]"


def _translate_escape(escape: str, classes: dict[str, str]) -> str:
    if escape in classes:
        return classes[escape]
    if escape == "b":
        return _character(8)
    if escape in _CONTROLS:
        return _character(_CONTROLS[escape])
    if _CATEGORIES.fullmatch(escape):
        return "\\" + escape
    if len(escape) > 1 and escape[0] in "ux":
        return _character(int(escape[1:], 16))
    if len(escape) > 1 and escape[0] == "c":
        return _character(ord(escape[1].upper()) - 64)
    if len(escape) > 1 or (escape.isalnum() and escape.isascii()):
        raise NotLinear(escape)
    return _character(ord(escape))


def _character(number: int) -> str:
    return f"\\x{{{number:x}}}"
