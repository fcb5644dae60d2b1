# What `esnb.<tab>` offers in an editor; at run time `__init__.py` imports
# each name at its first use. tests/unit/test_front_door.py holds them together.
from esnb import eventstoredb as eventstoredb
from esnb import examples as examples
from esnb import frames as frames
from esnb import outbox as outbox
from esnb import plot as plot
from esnb import projections as projections
from esnb import redis as redis
from esnb import testing as testing
from esnb import widgets as widgets
from esnb._options import options as options
from esnb._version import __version__ as __version__
from esnb.correlation import correlate as correlate
from esnb.frames import at as at
from esnb.frames import bisect as bisect
from esnb.frames import blame as blame
from esnb.frames import catalog as catalog
from esnb.frames import checkpoints as checkpoints
from esnb.frames import diff as diff
from esnb.frames import events as events
from esnb.frames import export as export
from esnb.frames import given_when_then as given_when_then
from esnb.frames import history as history
from esnb.frames import load as load
from esnb.frames import outbox_records as outbox_records
from esnb.frames import project as project
from esnb.frames import queue as queue
from esnb.frames import read_model as read_model
from esnb.frames import runners as runners
from esnb.frames import snapshots as snapshots
from esnb.frames import stream as stream
from esnb.frames import streams as streams
from esnb.frames import subscriptions as subscriptions
from esnb.frames import trace as trace
from esnb.frames import verify_snapshot as verify_snapshot
from esnb.frames import what_if as what_if
from esnb.stores import Stores as Stores
from esnb.stores import connect as connect
from esnb.versions import show_versions as show_versions
from esnb.widgets import browse as browse
from esnb.widgets import explore as explore
from esnb.widgets import flow as flow
from esnb.widgets import watch as watch

__all__: list[str]
