"""Going on after an error: again after a pause, or not at all."""

from __future__ import annotations

import logging
from collections.abc import Callable

from esnb.clients.uri import masked_error
from esnb.running.backoff import Backoff
from esnb.running.progress import Progress
from esnb.running.transient import is_transient

_log = logging.getLogger(__name__)

_MOST_SURPRISES = 5
"""Errors in a row, of kinds that are not known to pass, after which a thread gives up."""


class Recovery:
    """What a thread does about errors, said in its `progress`.

    `subject` is what the log calls the thread's work, and `say` puts an error
    into words.
    """

    def __init__(
        self,
        subject: str,
        progress: Progress,
        backoff: Backoff,
        say: Callable[[Exception], str] = masked_error,
    ) -> None:
        self._subject = subject
        self._progress = progress
        self._backoff = backoff
        self._say = say
        self._surprises = 0

    def reset(self) -> None:
        """Something went well: the next error is the first one."""
        self._backoff.reset()
        self._surprises = 0

    def retry(self, error: Exception, *, passes: bool = False) -> bool:
        """Waits before the next attempt; False, having failed, after too many surprises.

        `passes` says that `error` will pass though its kind does not tell.
        """
        pause = self.pause_after(error, passes=passes)
        if pause is None:
            return False
        progress = self._progress
        progress.wait(pause, lambda: progress.stop or progress.pause)
        return True

    def pause_after(self, error: Exception, *, passes: bool = False) -> float | None:
        """Seconds before the next attempt, for who waits for them; None where `retry()` is False."""
        if not (passes or is_transient(error)):
            self._surprises += 1
            if self._surprises >= _MOST_SURPRISES:
                self._progress.fail(error)
                return None
        text = self._say(error)
        self._progress.retry(text)
        _log.info("%s begins again after: %s", self._subject, text)
        return self._backoff.next()
