"""The packages from npm that the other tests here drive."""

from tests.node.programs import CLIENTS, said


def test_packages_load() -> None:
    packages = [*CLIENTS, "bullmq", "ioredis"]
    loaded = dict(said("probe.mjs", *packages))
    assert list(loaded) == packages
    assert set(loaded.values()) <= {"object", "function"}
