"""The packages from npm that the other tests here drive."""

from tests.node.programs import said


def test_packages_load() -> None:
    packages = ["@eventstore/db-client", "bullmq", "ioredis"]
    loaded = dict(said("probe.mjs", *packages))
    assert list(loaded) == packages
    assert set(loaded.values()) <= {"object", "function"}
