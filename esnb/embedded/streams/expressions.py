"""Regular expressions of .NET, which EventStoreDB's filters are, in Python's dialect."""

from __future__ import annotations

import re

from esnb.embedded.streams.errors import BadExpression

_TOKEN = re.compile(
    r"""
      \\k[<'](?P<again>\w+)[>']
    | \\c(?P<control>[A-Za-z])
    | \\(?P<escaped>.)
    | \[\^?\]?(?:\\.|[^]\\])*(?:\]|\Z)     # a class: nothing in it is special here
    | \(\?(?P<options>[imnsx-]+)\)
    | \(\?[<'](?P<name>\w+)[>']
    | (?P<sign>[()|])
    """,
    re.VERBOSE | re.DOTALL,
)
_SUBTRACTION = re.compile(r"\[(?:\\.|[^\\])*-\[", re.DOTALL)
_ENDS = {"z": r"\Z", "Z": r"(?=\n?\Z)", "e": r"\x1b"}
_CATEGORY = re.compile(r"(?:[^\\]|^)(?:\\\\)*\\[pP]\{")


def translate_dotnet(pattern: str) -> str:
    """The expression as Python writes it.

    Options such as `(?i)` may stand anywhere in .NET, and hold to the end of
    the group they stand in, through its alternatives; in Python they have a
    group of their own. Raises `BadExpression` for what Python would take for
    something else, or cannot read.
    """
    if _CATEGORY.search(pattern):
        raise BadExpression(
            pattern,
            "categories of characters (\\p{…}) together with word edges (\\b), lines of their own "
            "((?m)) or what takes a backtracking matcher are not supported",
        )
    groups: list[list[str]] = [[]]

    def written(token: re.Match[str]) -> str:
        found = token.groupdict()
        if found["again"]:
            return f"(?P={found['again']})"
        if found["control"]:
            return f"\\x{ord(found['control'].upper()) - 64:02x}"
        if found["escaped"]:
            return _ENDS.get(found["escaped"], token[0])
        if found["options"]:
            groups[-1].append(f"(?{found['options'].replace('n', '')}:")
            return groups[-1][-1]
        if found["name"] or found["sign"] == "(":
            groups.append([])
            return f"(?P<{found['name']}>" if found["name"] else "("
        if found["sign"] == "|":
            return ")" * len(groups[-1]) + "|" + "".join(groups[-1])
        if found["sign"] == ")" and len(groups) > 1:
            return ")" * len(groups.pop()) + ")"
        if _SUBTRACTION.match(token[0]):
            raise BadExpression(pattern, "one set subtracted from another (-[) is not supported")
        return token[0]

    return _TOKEN.sub(written, pattern) + ")" * len(groups[0])
