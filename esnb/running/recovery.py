"""Going on after an error: again after a pause, or not at all."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from esnb.clients.uri import masked, said
from esnb.running.backoff import Backoff
from esnb.running.exits import as_error
from esnb.running.progress import Progress
from esnb.running.transient import is_transient

_log = logging.getLogger(__name__)

_MOST_SURPRISES = 5
"""Errors in a row, of kinds that are not known to pass, after which a thread gives up."""


class Recovery:
    """What a thread does about errors, said in its `progress`.

    `subject` is what the log calls the thread's work.
    """

    def __init__(self, subject: str, progress: Progress, backoff: Backoff) -> None:
        self._subject = subject
        self._progress = progress
        self._backoff = backoff
        self._surprises = 0

    @contextmanager
    def to_the_end(self) -> Iterator[None]:
        """The thread's whole work: whatever leaves it is what the thread has failed with."""
        try:
            yield
        except BaseException as error:  # noqa: BLE001 - shown by status(), raised by wait()
            self.fail(as_error(error))

    def reset(self) -> None:
        """Something went well: the next error is the first one."""
        self._backoff.reset()
        self._surprises = 0

    def retry(self, error: Exception, *, passes: bool = False) -> bool:
        """Waits before the next attempt; False, having failed, after too many surprises.

        `passes` says that `error` will pass though its kind does not tell.
        """
        if not (passes or is_transient(error)):
            self._surprises += 1
            if self._surprises >= _MOST_SURPRISES:
                return self.fail(error)
        progress = self._progress
        with progress.changed:
            progress.restarts += 1
            progress.state = "retrying"
            progress.error = said(error)
            progress.changed.notify_all()
        _log.info("%s begins again after: %s", self._subject, said(error))
        progress.waits(self._backoff.next(), lambda: progress.stop or progress.pause)
        return True

    def fail(self, error: Exception, event: str | None = None, handler: str | None = None) -> bool:
        """There is no going on: False. `event` and `handler` are what failed, where one did."""
        progress = self._progress
        with progress.changed:
            progress.failure = error
            progress.state = "failed"
            progress.error = said(error)
            progress.traceback = trace(error)
            if event is not None:
                progress.event, progress.handler = event, handler
            progress.changed.notify_all()
        return False


def trace(error: BaseException) -> str:
    """The traceback, without credentials."""
    return masked("".join(traceback.format_exception(error)))
