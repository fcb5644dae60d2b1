"""Who is told of new events by the library's recorder in memory."""

from __future__ import annotations

from functools import partial
from threading import Event

from eventsourcing.persistence import ApplicationRecorder
from eventsourcing.popo import POPOApplicationRecorder


def let_listeners_change(recorder: ApplicationRecorder) -> None:
    """Has a POPO recorder bear subscriptions that begin or end while it records.

    The library (9.5) goes through the set of its listeners itself: where a
    subscription began or ended meanwhile, `save()` raised "RuntimeError: Set
    changed size during iteration", though its events were recorded. Other
    recorders, and subclasses that notify in their own way, stay as they are.
    """
    if (
        isinstance(recorder, POPOApplicationRecorder)
        and type(recorder)._notify_listeners is POPOApplicationRecorder._notify_listeners
    ):
        # Set on the object: the library's class is everybody's.
        recorder._notify_listeners = partial(  # type: ignore[method-assign]
            _notify, recorder._listeners
        )


def _notify(listeners: set[Event]) -> None:
    for listener in listeners.copy():  # a copy is made in one step, whatever other threads do
        listener.set()
