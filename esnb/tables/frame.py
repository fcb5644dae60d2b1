"""The frames that esnb gives: DataFrames that show themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import pandas as pd

from esnb._options import options
from esnb.tables.excerpt import excerpt
from esnb.tables.html import html
from esnb.tables.kind import Kind
from esnb.tables.text import text


class _AnyFrame(type):
    """Every DataFrame counts as a Frame, as every Frame is a DataFrame.

    They differ in their faces only: `assert_frame_equal(plain, frame)` asks
    whether the first is an instance of the second one's class.
    """

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, pd.DataFrame)


class Frame(pd.DataFrame, metaclass=_AnyFrame):
    """A DataFrame with its own `repr` and HTML, and nothing else of its own.

    Slices, filters, copies, joins and pickles of it are Frames, too. One without
    any column of its kind, or with several levels of rows or columns, shows
    itself as pandas shows it, and so does every one while
    `esnb.options.display` is "pandas". `pandas.DataFrame(frame)` is a plain one:
    its pickle can be read where esnb is not installed.
    """

    _metadata = ["_kind"]  # noqa: RUF012  pandas' name and type for what travels along
    _kind: Kind | None = None

    @property
    def _constructor(self) -> type[Frame]:
        return Frame

    def _constructor_from_mgr(self, mgr: Any, axes: Any) -> Frame:
        # As pandas does since 2.2.1; the one before warns whoever slices a subclass.
        return Frame(pd.DataFrame._from_mgr(mgr, axes=axes))  # type: ignore[attr-defined]

    def __finalize__(self, other: Any, method: str | None = None, **kwargs: Any) -> Self:
        super().__finalize__(other, method, **kwargs)  # type: ignore[misc]  # not in the stubs
        if self._kind is None:
            kinds = (getattr(part, "_kind", None) for part in _parts(other))
            self._kind = next((kind for kind in kinds if kind is not None), None)
        return self

    def __repr__(self) -> str:
        kind = self._shown_kind()
        return repr(pd.DataFrame(self)) if kind is None else text(excerpt(self, kind))

    def _repr_html_(self) -> str | None:
        if not pd.get_option("display.notebook_repr_html"):
            return None
        kind = self._shown_kind()
        return self._pandas_html() if kind is None else html(excerpt(self, kind))

    def _shown_kind(self) -> Kind | None:
        """The kind by which it shows itself; None where pandas shows it."""
        flat = self.index.nlevels == self.columns.nlevels == 1 and self.columns.name is None
        if options.display == "pandas" or pd.get_option("display.large_repr") == "info":
            return None
        if self._kind is None or not flat or not self.columns.is_unique:
            return None
        return self._kind if self._kind.is_kept_by(self.columns) else None

    def _pandas_html(self) -> str | None:
        """What pandas makes of it, with two dollars in a cell left as they are."""
        page: str | None = pd.DataFrame(self)._repr_html_()  # type: ignore[operator]  # not in the stubs
        return page and f'<div class="tex2jax_ignore mathjax_ignore">{page}</div>'


def as_frame(frame: pd.DataFrame, kind: Kind) -> Frame:
    """A new Frame of this kind with the columns of `frame`."""
    shown = Frame(frame, copy=False)
    shown._kind = kind
    return shown


def _parts(other: Any) -> Iterable[Any]:
    """The frames that pandas made another one of, whichever version calls them what."""
    for name in ("input_objs", "objs"):
        if hasattr(other, name):
            return list(getattr(other, name))
    return [getattr(other, name, None) for name in ("left", "right")]
