"""A class of attrs, with a private field, whose argument has no underscore."""

from __future__ import annotations

from typing import Any

import attrs


@attrs.frozen
class Box:
    size: int
    _inner: Any = None
    label: str = attrs.field(init=False, default="box")
