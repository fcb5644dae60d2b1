"""Secondary indexes: of which fields they are, and how values and names stand in their keys."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

_FORMAT: Final = 2
"""Of the indexes: 1 were those of esnb 0.1, which say nothing of themselves."""


@dataclass(frozen=True, slots=True)
class Index:
    """Of which fields the indexes are: what documents are found by, and put in order by."""

    by: dict[str, str | None]
    order: list[str]

    def text(self) -> str:
        """As it is stored beside the documents."""
        return json_text({"format": _FORMAT, "by": self.by, "order": self.order})

    @classmethod
    def read(cls, text: str) -> Index:
        """What is stored; of another format as if there were none."""
        found = json.loads(text)
        known = found["format"] == _FORMAT
        return cls(found["by"], found["order"]) if known else cls({}, [])

    def has(self, wanted: Index) -> bool:
        """Whether all that is `wanted` can be looked up here."""
        return self.by.items() >= wanted.by.items() and {*self.order} >= {*wanted.order}

    def __str__(self) -> str:
        return f"by={self.by}, order={self.order}"


def escaped(name: str) -> str:
    """The name as one part of a key: parts end at a colon."""
    return name.replace("%", "%25").replace(":", "%3A")


def as_json(value: Any, what: str) -> Any:
    """The value as JSON gives it back; TypeError or ValueError for what it cannot hold."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"{what}: {error}, and JSON holds text, numbers, truth values, None, lists and "
            "dicts of them: put str(value), or what else it is to be found by"
        ) from error


def json_text(value: Any, *, sort_keys: bool = True) -> str:
    """JSON, the same for equal values; lone surrogates, which UTF-8 lacks, as escapes."""
    write = partial(json.dumps, value, sort_keys=sort_keys, separators=(",", ":"))
    text = write(ensure_ascii=False)
    return text if text.isprintable() or _is_encodable(text) else write()


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
