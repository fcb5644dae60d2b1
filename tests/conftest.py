"""What holds for every test."""

import os
import re
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from esnb.running.telemetry import _watched

# A shell starts background jobs with interrupts ignored, and every child would
# inherit that: tests that interrupt a process would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says how busy the machine is, not whether it holds.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def no_runner_left() -> Iterator[None]:
    """A test stops the runners it starts: another one would find them among its own."""
    before = set(_watched)
    yield
    left = set(_watched) - before
    for runner in left:
        runner.stop()
    assert not left, "these runners were started and not stopped"


# Random UUIDs and addresses of objects: another process makes others.
RANDOM_OR_ADDRESS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]|0x[0-9a-f]{6}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that are spread over processes have the same names in each."""
    changing = [
        item.nodeid
        for item in items
        for found in RANDOM_OR_ADDRESS.findall(item.nodeid)
        if found not in item.path.read_text("utf-8")
    ]
    if changing:
        raise pytest.UsageError(f"ids= is missing, names change from run to run: {changing}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure: what a machine lacks there is to be installed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("skipped in CI, where every test must run", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
