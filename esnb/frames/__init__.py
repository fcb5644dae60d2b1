"""Streams, aggregates and projections as DataFrames.

Every function takes what an `eventsourcing` application already has and returns
a frame with fixed columns and dtypes, even when it is empty. What a frame shows
is what the library recorded and folded. It shows itself with one line a row;
`esnb.options.display = "pandas"` shows it as pandas does.
"""

from esnb.folds.versions import Version, versions
from esnb.frames import first_import as first_import  # first
from esnb.frames.blame import bisect, blame
from esnb.frames.catalog import catalog
from esnb.frames.checkpoints import checkpoints
from esnb.frames.events import events, stream, streams
from esnb.frames.export import export
from esnb.frames.given_when_then import given_when_then
from esnb.frames.history import at, diff, history
from esnb.frames.load import load
from esnb.frames.outbox_records import outbox_records
from esnb.frames.project import project
from esnb.frames.queue import queue
from esnb.frames.read_model import read_model
from esnb.frames.runners import runners
from esnb.frames.snapshots import snapshots, verify_snapshot
from esnb.frames.subscriptions import subscriptions
from esnb.frames.trace import trace
from esnb.frames.what_if import what_if, without

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
