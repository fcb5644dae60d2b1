"""The registration of the summaries with IPython: imports nothing that is not needed yet.

IPython asks its registry by the name of a class, so that neither the library nor
a client is imported before one of its objects is shown. A `__repr__`, a
`_repr_html_` and a formatter of the user's own come first.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from esnb._options import options
from esnb.activity.shell import ipython_shell

if TYPE_CHECKING:
    from esnb.summaries.summary import Summary

Summarize = Callable[[Any], "Summary | None"]
"""None for an object that shows itself as it does without esnb."""

_SUMMARIES: Final = {
    ("eventsourcing.application", "Application"): "application:of_application",
    ("eventsourcing.domain", "BaseAggregate"): "aggregate:of_aggregate",
    ("eventsourcing.persistence", "Recording"): "recording:of_recording",
    ("esdbclient.events", "RecordedEvent"): "recorded_event:of_recorded_event",
    ("kurrentdbclient.events", "RecordedEvent"): "recorded_event:of_recorded_event",
}
"""The function that makes the summary, by the module and the name of the class."""


def install_in_ipython() -> None:
    """`install()` where this is IPython; nothing elsewhere."""
    shell = ipython_shell()
    if shell is not None:
        install(shell.display_formatter.formatters)


def install(formatters: Any) -> None:
    """Registers the summaries with IPython's formatters, where there is none of the user's own."""
    plain, html = formatters["text/plain"], formatters["text/html"]
    for (module, name), place in _SUMMARIES.items():
        summarize = _later(place)
        if f"{module}.{name}" not in plain:
            plain.for_type_by_name(module, name, _printer(summarize))
        if f"{module}.{name}" not in html:
            html.for_type_by_name(module, name, _page(summarize))
    if not isinstance(plain.type_printers.get(list), _Lists):
        plain.for_type(list, _Lists(plain.type_printers.get(list)))
    if list not in html.type_printers:
        html.for_type(list, _page(_of_list))
    if object not in plain.type_printers:
        plain.for_type(object, _printer(_of_object))


def _later(place: str) -> Summarize:
    module, _, name = place.partition(":")

    def summarize(shown: Any) -> Summary | None:
        found: Summarize = getattr(import_module(f"esnb.summaries.{module}"), name)
        return found(shown)

    return summarize


def _summary(summarize: Summarize, shown: Any) -> Summary | None:
    """The summary; None where it is not wanted, or the object's own code does not allow one."""
    try:
        return None if options.display == "pandas" else summarize(shown)
    except Exception:  # noqa: BLE001  whatever its own attributes raise: it shows itself
        return None


def _printer(summarize: Summarize) -> Callable[[Any, Any, bool], None]:
    def show(shown: Any, printer: Any, cycle: bool) -> None:
        found = None if cycle else _summary(summarize, shown)
        if found is None:
            _as_without_esnb(shown, printer)
        elif len(printer.stack) > 1:  # in a list, or in anything else: one line
            printer.text(found.title(_short(found.id)))
        else:
            printer.text(found.as_text())

    return show


def _as_without_esnb(shown: Any, printer: Any) -> None:
    from esnb.values.ordered_repr import has_own_repr

    if has_own_repr(shown):
        printer.text(repr(shown))
        return
    printer.text("<")
    printer.pretty(type(shown))
    printer.text(f" at 0x{id(shown):x}>")


def _short(id: str) -> str:
    from esnb.drawing.ids import short

    return short(id)


def _page(summarize: Summarize) -> Callable[[Any], str | None]:
    def show(shown: Any) -> str | None:
        own = getattr(type(shown), "_repr_html_", None)
        if own is not None:
            page: str | None = own(shown)
            return page
        if not _has_library_repr(shown):
            return None
        found = _summary(summarize, shown)
        return None if found is None else found.as_html()

    return show


def _has_library_repr(shown: Any) -> bool:
    """Whether no class of the user's says how it is to be shown."""
    for each in type(shown).__mro__:
        if "_repr_pretty_" in each.__dict__ or "__repr__" in each.__dict__:
            return (each.__module__, each.__name__) in _SUMMARIES or each in (object, list)
    return False


class _Lists:
    """The printer of lists: what `save` returns as a summary, all others as before."""

    def __init__(self, before: Callable[[Any, Any, bool], None]) -> None:
        self._before = before

    def __call__(self, shown: Any, printer: Any, cycle: bool) -> None:
        found = None if cycle or len(printer.stack) > 1 else _summary(_of_list, shown)
        if found is None:
            self._before(shown, printer, cycle)
        else:
            printer.text(found.as_text())


def _of_list(shown: Any) -> Summary | None:
    """The summary of a list of recordings."""
    persistence: Any = sys.modules.get("eventsourcing.persistence")
    if type(shown) is not list or not shown or persistence is None:
        return None
    if not all(type(each) is persistence.Recording for each in shown):
        return None
    from esnb.summaries.recording import of_recordings

    return of_recordings(shown)


def _of_object(shown: Any) -> Summary | None:
    """The summary of an aggregate of a class without a `__repr__`, such as a functional one."""
    if not {"id", "version"} <= {*dir(type(shown)), *getattr(shown, "__dict__", ())}:
        return None  # asked without its __getattr__, which may do anything
    from esnb.summaries.aggregate import is_aggregate, of_aggregate

    return of_aggregate(shown) if is_aggregate(shown) else None
