"""`projections-system`: the embedded server answers as the recorded one did."""

from __future__ import annotations

import pytest

from tests.conformance.conftest import answered
from tests.conformance.conversation import Json, differences, recorded

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(600)]

SCENARIOS = {scenario["name"]: scenario["answers"] for scenario in recorded("projections-system")}


@pytest.fixture(scope="module")
def answers(target: str) -> dict[str, list[Json]]:
    return answered(target, "projections-system")


@pytest.mark.parametrize("name", SCENARIOS)
def test_answers_as_recorded(name: str, answers: dict[str, list[Json]]) -> None:
    want, got = SCENARIOS[name], answers[name]
    differing = differences(want, got)
    assert not differing, "\n".join(differing)
