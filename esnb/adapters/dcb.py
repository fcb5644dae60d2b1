"""Applications with dynamic consistency boundaries, whose events belong to no aggregate."""

from __future__ import annotations

from typing import Any, NoReturn

from eventsourcing.dcb.persistence import DCBInfrastructureFactory
from eventsourcing.persistence import InfrastructureFactoryError, TrackingRecorder
from eventsourcing.utils import Environment


class RefusedDCBFactory(DCBInfrastructureFactory[TrackingRecorder]):
    """Says that these stores keep no such events; the library looks for a factory and finds it."""

    def __new__(cls, env: Environment | None = None, **_options: Any) -> NoReturn:
        name = getattr(env, "name", "") or "the application"
        variable = f"{getattr(env, 'name', '').upper()}_PERSISTENCE_MODULE".lstrip("_")
        raise InfrastructureFactoryError(
            f"{name} is a DCBApplication, whose events belong to no aggregate and so to no stream: "
            f"EventStoreDB and Redis do not keep them. Set {variable}=eventsourcing.dcb.popo (or "
            "eventsourcing.dcb.postgres_tt), or make it an eventsourcing Application"
        )
