"""The memory that consumers of one group share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from uuid import uuid4

import pytest
from eventsourcing.persistence import OperationalError
from eventsourcing.utils import Environment

from esnb.redis.handled import HandledEvents, HandlingOutcome
from tests.redis_server import RedisServer


@pytest.fixture
def env(redis_server: RedisServer) -> Environment:
    return Environment("", {"REDIS_URL": redis_server.url, "REDIS_KEY_PREFIX": uuid4().hex})


def test_a_handled_event_is_known_to_all_consumers(env: Environment) -> None:
    one, two = (HandledEvents(env, "$all::billing", keep=10) for _ in range(2))
    event = uuid4()
    assert one.begin(event, "a", 30) == 1
    one.end(event, "a", "handled")
    assert two.begin(event, "b", 30) is None
    assert HandledEvents(env, "$all::shipping", keep=10).begin(event, "b", 30) == 1


def test_an_event_is_with_one_consumer_at_a_time(env: Environment) -> None:
    memory = HandledEvents(env, "g", keep=10)
    event = uuid4()
    assert memory.begin(event, "a", 30) == 1
    left = memory.begin(event, "b", 30)
    assert isinstance(left, float)
    assert 0 < left <= 30
    memory.end(event, "a", "failed")
    assert memory.begin(event, "b", 30) == 2


def test_a_claim_ends_with_its_time_and_its_attempt_counts(env: Environment) -> None:
    memory = HandledEvents(env, "g", keep=10)
    event = uuid4()
    assert memory.begin(event, "killed", 0.001) == 1
    while isinstance(attempt := memory.begin(event, "next", 30), float):
        pass
    assert attempt == 2


def test_another_consumers_claim_is_not_ended(env: Environment) -> None:
    memory = HandledEvents(env, "g", keep=10)
    event = uuid4()
    memory.begin(event, "a", 30)
    memory.end(event, "too late", "undone")
    assert isinstance(memory.begin(event, "b", 30), float)


def test_attempts_that_do_not_count_and_those_before_a_parking_are_forgotten(
    env: Environment,
) -> None:
    memory = HandledEvents(env, "g", keep=10)
    event = uuid4()
    for _ in range(3):
        assert memory.begin(event, "a", 30) == 1
        memory.end(event, "a", "undone")
    for attempt in (1, 2, 3):
        assert memory.begin(event, "a", 30) == attempt
        memory.end(event, "a", "failed")
    assert memory.begin(event, "a", 30) == 4
    memory.end(event, "a", "parked")
    assert memory.begin(event, "a", 30) == 1


def test_only_the_newest_are_remembered(env: Environment) -> None:
    memory = HandledEvents(env, "g", keep=3)
    events = [uuid4() for _ in range(200)]
    for event in events:
        memory.begin(event, "a", 30)
        memory.end(event, "a", "handled")
    assert len(memory) == 3
    assert memory.begin(events[-1], "b", 30) is None
    assert memory.begin(events[0], "b", 30) == 1


def test_what_is_forgotten_is_handled_again(env: Environment) -> None:
    memory = HandledEvents(env, "g", keep=3)
    event = uuid4()
    memory.begin(event, "a", 30)
    memory.end(event, "a", "handled")
    memory.forget()
    assert len(memory) == 0
    assert memory.begin(event, "b", 30) == 1


def test_all_its_keys_share_a_cluster_slot(env: Environment) -> None:
    memory = HandledEvents(env, "$ce-Shop::bill{ing}", keep=3)
    tags = {key[key.index("{") : key.index("}") + 1] for key in memory._keys(uuid4())}
    assert len(tags) == 1


def test_it_remembers_at_least_one() -> None:
    with pytest.raises(ValueError, match="keep"):
        HandledEvents(Environment(), "g", keep=0)


# --- a Redis that is away ---------------------------------------------------------------


@pytest.fixture
def own_server() -> Iterator[RedisServer]:
    """One that the test may end."""
    with RedisServer() as server:
        yield server


def of(server: RedisServer) -> HandledEvents:
    return HandledEvents(Environment("", {"REDIS_URL": server.url}), "g", keep=10)


def test_an_end_is_remembered_until_redis_is_back(own_server: RedisServer) -> None:
    memory, event = of(own_server), uuid4()
    memory.begin(event, "a", 30)
    own_server.kill()
    memory.end(event, "a", "handled")
    assert memory.has_unwritten
    with pytest.raises(OperationalError):
        memory.flush()
    with pytest.raises(OperationalError):
        memory.begin(event, "a", 30)
    own_server.start()
    memory.flush()
    assert not memory.has_unwritten
    assert of(own_server).begin(event, "another process", 30) is None


def test_it_is_remembered_though_redis_has_lost_its_data(own_server: RedisServer) -> None:
    memory, event = of(own_server), uuid4()
    memory.begin(event, "a", 30)
    own_server.kill()
    memory.end(event, "a", "handled")
    own_server.start()
    own_server.flush()
    assert memory.begin(event, "b", 30) is None


def test_another_memory_of_the_group_in_the_process_knows_it(own_server: RedisServer) -> None:
    memory, event = of(own_server), uuid4()
    memory.begin(event, "a", 30)
    own_server.kill()
    memory.end(event, "a", "handled")
    del memory
    own_server.start()
    assert of(own_server).begin(event, "b", 30) is None


@pytest.mark.parametrize(("outcome", "next_attempt"), [("failed", 2), ("undone", 1), ("parked", 1)])
def test_other_ends_are_remembered_too(
    own_server: RedisServer, outcome: HandlingOutcome, next_attempt: int
) -> None:
    memory, event = of(own_server), uuid4()
    memory.begin(event, "a", 30)
    own_server.kill()
    memory.end(event, "a", outcome)
    own_server.start()
    assert memory.begin(event, "b", 30) == next_attempt


def test_an_event_whose_end_is_being_written_is_not_begun(own_server: RedisServer) -> None:
    memory, event = of(own_server), uuid4()
    memory.begin(event, "a", 30)
    with own_server.silent():
        ending = threading.Thread(target=memory.end, args=(event, "a", "handled"))
        ending.start()
        while not memory.has_unwritten:
            assert ending.is_alive()
        assert isinstance(memory.begin(event, "b", 30), float)
    ending.join(60)
    assert memory.begin(event, "b", 30) is None


def test_an_attempt_is_counted_once_though_its_answer_is_lost(env: Environment) -> None:
    memory, event = HandledEvents(env, "g", keep=10), uuid4()
    assert memory.begin(event, "a", 30) == 1
    assert memory.begin(event, "a", 30) == 1  # as redis-py sends it again
    memory.end(event, "a", "failed")
    assert memory.begin(event, "a", 30) == 2
