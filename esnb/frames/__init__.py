"""Streams, aggregates and projections as DataFrames.

Every function takes what an `eventsourcing` application already has and gives a
frame with fixed columns and dtypes, also when it is empty. What a frame shows
is what the library recorded and folded.
"""

from esnb.frames import _pandas as _pandas  # first
from esnb.frames._blame import bisect, blame
from esnb.frames._catalog import catalog
from esnb.frames._checkpoints import checkpoints
from esnb.frames._export import export
from esnb.frames._given_when_then import given_when_then
from esnb.frames._history import at, diff, history
from esnb.frames._load import load
from esnb.frames._log import events, stream, streams
from esnb.frames._outbox_records import outbox_records
from esnb.frames._project import project
from esnb.frames._queue import queue
from esnb.frames._read_model import read_model
from esnb.frames._runners import runners
from esnb.frames._snapshots import snapshots, verify_snapshot
from esnb.frames._subscriptions import subscriptions
from esnb.frames._trace import trace
from esnb.frames._versions import Version, versions
from esnb.frames._what_if import what_if, without

__all__ = [
    "Version",
    "at",
    "bisect",
    "blame",
    "catalog",
    "checkpoints",
    "diff",
    "events",
    "export",
    "given_when_then",
    "history",
    "load",
    "outbox_records",
    "project",
    "queue",
    "read_model",
    "runners",
    "snapshots",
    "stream",
    "streams",
    "subscriptions",
    "trace",
    "verify_snapshot",
    "versions",
    "what_if",
    "without",
]
