"""A syntax tree as text: on one line, or a container's entries on lines of their own.

Knows the few kinds of nodes that `_literal` makes. What cannot be seen is an
escape in it, whatever a value holds, for `repr` writes the constants.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

_INDENT = "    "


def written(node: ast.expr, width: int | None = None, level: int = 0) -> str:
    """The text of a node that stands `level` steps to the right; within `width` if it can be.

    >>> print(written(ast.parse("{'a': [1, 2], 'b': (3,)}", mode="eval").body, width=9))
    {
        'a': [
            1,
            2,
        ],
        'b': (3,),
    }
    """
    match node:
        case ast.Constant():
            return repr(node.value)
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{written(node.value)}.{node.attr}"
        case ast.Subscript():
            return f"{written(node.value)}[{written(node.slice)}]"
        case ast.UnaryOp(op=ast.USub()):
            return f"-{written(node.operand)}"
        case ast.Compare():
            left, right = written(node.left), written(node.comparators[0])
            return f"{left} {_OPERATORS[type(node.ops[0])]} {right}"
        case ast.Call(args=[ast.List() | ast.Dict() | ast.Set() as only], keywords=[]):
            return f"{written(node.func)}({written(only, width, level)})"
    if isinstance(node, ast.Call):
        width = None  # a time in seven lines is no easier to read
    parts, (opening, closing) = _parts(node, width, level + 1)
    comma = "," if isinstance(node, ast.Tuple) and len(parts) == 1 else ""
    whole = f"{opening}{', '.join(parts)}{comma}{closing}"
    if width is None or (len(whole) + len(_INDENT) * level <= width and "\n" not in whole):
        return whole
    inner = "".join(f"{_INDENT * (level + 1)}{part},\n" for part in parts)
    return f"{opening}\n{inner}{_INDENT * level}{closing}"


def _parts(node: ast.expr, width: int | None, level: int) -> tuple[list[str], tuple[str, str]]:
    """The entries of a node as texts, and what stands around them."""

    def all_of(nodes: Iterable[ast.expr]) -> list[str]:
        return [written(each, width, level) for each in nodes]

    match node:
        case ast.List():
            return all_of(node.elts), ("[", "]")
        case ast.Tuple():
            return all_of(node.elts), ("(", ")")
        case ast.Set():
            return all_of(node.elts), ("{", "}")
        case ast.Dict():
            keys = ["" if key is None else written(key, width, level) for key in node.keys]
            pairs = zip(keys, all_of(node.values), strict=True)
            return [f"{key}: {value}" for key, value in pairs], ("{", "}")
        case ast.Call():
            named = [
                f"**{value}" if each.arg is None else f"{each.arg}={value}"
                for each, value in zip(
                    node.keywords, all_of(each.value for each in node.keywords), strict=True
                )
            ]
            return all_of(node.args) + named, (f"{written(node.func)}(", ")")
    raise TypeError(f"a {type(node).__name__} node is not one that esnb writes")


_OPERATORS = {ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is"}
