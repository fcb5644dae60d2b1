"""Views of eventsourcing-sqlalchemy."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from eventsourcing.application import Application
from eventsourcing.persistence import TrackingRecorder
from eventsourcing_sqlalchemy.recorders import SQLAlchemyRecorder

from esnb.projections.views.checkpoint_events import CheckpointEvents
from esnb.projections.views.commit import Commit
from esnb.projections.views.kind import Make, ViewKind
from esnb.projections.views.rebuild import Rebuild, code_of
from esnb.projections.views.sqlalchemy_commit import sqlalchemy_commit
from esnb.projections.views.sqlalchemy_events import events_in_table
from esnb.projections.views.sqlalchemy_rebuild import SQLAlchemyRebuild


class SQLAlchemyKind(ViewKind):
    """Many events in one transaction, rebuilt in tables beside its own."""

    def checkpoint_events(self, *, may_create: bool = True) -> CheckpointEvents:
        found = events_in_table(self._view, may_create=may_create)
        return found or super().checkpoint_events()

    def commit(
        self, application: Application[Any], after: int | None, events: CheckpointEvents | None
    ) -> AbstractContextManager[Commit]:
        """One transaction, but for an application that is SQLAlchemy's, too.

        What its handlers read from the application would come from the view's
        transaction, of which that library has one a thread.
        """
        if isinstance(application.recorder, SQLAlchemyRecorder):
            return super().commit(application, after, events)
        return sqlalchemy_commit(self._view, application.name, after, events)

    def rebuild(self, application_name: str, projection_class: type[Any], make: Make) -> Rebuild:
        code = code_of(projection_class, type(self._view))
        return SQLAlchemyRebuild(self._view, application_name, code)

    def _positions(self) -> Mapping[str, int]:
        record = self._view.tracking_record_cls
        with self._view.transaction(commit=False) as session:
            pairs = session.query(record.application_name, record.notification_id).all()
        return dict(sorted(map(tuple, pairs)))

    @classmethod
    def _settings_in_memory(cls, view_class: type[TrackingRecorder]) -> Mapping[str, str]:
        return {"PERSISTENCE_MODULE": "eventsourcing_sqlalchemy", "SQLALCHEMY_URL": "sqlite://"}
