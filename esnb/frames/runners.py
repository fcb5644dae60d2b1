"""Runners of projections: how each of them is doing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pandas as pd

from esnb.clients.uri import guarded_argument, masked_error
from esnb.frames.schema import build
from esnb.running.given import one_by_one
from esnb.running.runner_status import name_of, status_of
from esnb.sources.columns import Schema
from esnb.sources.redaction import Redact, Redaction
from esnb.sources.source import describe_source
from esnb.tables.kind import Kind
from esnb.threads.question import UnansweredError, together

RUNNERS: Schema = {
    "name": "string",
    "state": "string",
    "position": "Int64",
    "head": "Int64",
    "lag": "Int64",
    "lag_seconds": "Float64",
    "rate_per_s": "Float64",
    "error": "string",
}
RUNNER = Kind("runner", strong="name")


def runners(*runners: Any, redact: Redact | None = None) -> pd.DataFrame:
    """How runners are doing: one row each, in the order given, one by one or in a list.

    Columns: `name` (string: the projection's), `state` (string), `position`
    (Int64: notification id of the last event applied), `head` (Int64: that of
    the application's last event), `lag` (Int64: events between the two; 0 when
    caught up, missing when unknown), `lag_seconds` (Float64: age of the oldest
    event not yet applied), `rate_per_s` (Float64: events per second) and `error`
    (string: what went wrong last, missing while all is well; where a store does
    not answer within a second, since when the rest is not known). Several
    runners are asked at the same time; one that is not esnb's and does not
    answer within a second is `unknown`. With `redact`, the names of fields that
    are hidden elsewhere, only the kind of an error is shown: a handler may have
    put any value into its text.

    Raises TypeError for what has no `status()`.

    >>> import esnb
    >>> len(esnb.runners())
    0
    """
    runners = tuple(map(guarded_argument, runners))
    rows = together([_status(runner) for runner in one_by_one(runners)])
    redaction = Redaction(redact)
    columns = {column: [getattr(row, column, None) for row in rows] for column in RUNNERS}
    columns["error"] = list(map(redaction.message, columns["error"]))
    return build(RUNNER, RUNNERS, columns)


def _status(runner: Any) -> Callable[[], Any]:
    status: Callable[[], Any] | None = getattr(runner, "status", None)
    if isinstance(runner, type) or status is None or not callable(status):
        raise TypeError(
            f"no runner: {describe_source(runner)}; pass runners that have a status(), such as "
            "esnb.projections.CatchUpRunner"
        )
    return partial(_shown, runner)


def _shown(runner: Any) -> Any:
    try:
        return status_of(runner)
    except UnansweredError as error:
        return SimpleNamespace(name=name_of(runner), state="unknown", error=masked_error(error))
