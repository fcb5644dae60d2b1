"""Tenants that share a Redis: one view follows the streams of one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import redis
from eventsourcing.projection import ProjectionRunner
from eventsourcing.utils import Environment

import esnb
from esnb.outbox import BullMQPublisher, Outbox
from esnb.projections import CatchUpRunner, ForeignViewError
from tests.domain.bank import Bank, Deposits, RedisSums


class OfTenants(Deposits):
    name = "sums"


Env = dict[str, str]


@pytest.fixture
def case() -> str:
    return f"Case{uuid4().hex[:10]}"


@pytest.fixture
def env_of(stores_env: Env, case: str) -> Callable[..., Env]:
    """The settings of a tenant: of its own streams, and of the one Redis."""

    def env_of(tenant: str | None, variable: str = "EVENTSTOREDB_STREAM_PREFIX") -> Env:
        settings = {**stores_env, "REDIS_KEY_PREFIX": case}
        return settings if tenant is None else {**settings, variable: f"{case}{tenant}"}

    return env_of


@pytest.fixture
def deposit() -> Iterator[Callable[..., Bank]]:
    opened: list[Bank] = []

    def deposit(env: Env, *amounts: int) -> Bank:
        bank = Bank(env=env)
        opened.append(bank)
        bank.deposit(bank.open(), *amounts)
        return bank

    yield deposit
    for bank in opened:
        bank.close()


REFUSED = (
    r"view 'sums' in Redis .* streams .*one view cannot follow both: set another REDIS_KEY_PREFIX"
)


@pytest.mark.parametrize(
    "variable", ["EVENTSTOREDB_STREAM_PREFIX", "BANK_EVENTSTOREDB_STREAM_PREFIX"]
)
@pytest.mark.parametrize("first", ["North", None])
def test_a_second_tenant_is_refused(
    env_of: Callable[..., Env], deposit: Callable[..., Bank], variable: str, first: str | None
) -> None:
    north, south = env_of(first, variable), env_of("South", variable)
    deposit(north, 1, 2)
    deposit(south, 40)
    with CatchUpRunner(Bank, OfTenants, RedisSums, env=north) as runner:
        runner.wait(timeout=60)
        before = runner.view.sum()

        other = CatchUpRunner(Bank, OfTenants, RedisSums, env=south)
        with pytest.raises(ForeignViewError, match=REFUSED), other:
            other.wait(timeout=60)
        with pytest.raises(ForeignViewError, match=REFUSED):
            other.view.sum()
        with pytest.raises(ForeignViewError, match=REFUSED):
            other.view.rows()
        other.rebuild()
        with pytest.raises(ForeignViewError, match=REFUSED):
            other.wait(timeout=60)
        other.stop()
        assert runner.view.sum() == before
        assert runner.status().error is None

    own = {**south, "REDIS_KEY_PREFIX": f"{south['REDIS_KEY_PREFIX']}-south"}
    with CatchUpRunner(Bank, OfTenants, RedisSums, env=own) as runner:
        runner.wait(timeout=60)
        assert runner.view.sum() == 40


def test_the_library_s_runner_is_refused_too(
    env_of: Callable[..., Env], deposit: Callable[..., Bank]
) -> None:
    north, south = env_of("North"), env_of("South")
    deposit(north, 1, 2)
    deposit(south, 40)
    with CatchUpRunner(Bank, OfTenants, RedisSums, env=north) as runner:
        runner.wait(timeout=60)
    with pytest.raises(ForeignViewError, match=REFUSED):
        ProjectionRunner(
            application_class=Bank, projection_class=OfTenants, view_class=RedisSums, env=south
        )


def test_a_rebuild_keeps_whose_streams_they_are(
    env_of: Callable[..., Env], deposit: Callable[..., Bank]
) -> None:
    north, south = env_of("North"), env_of("South")
    deposit(north, 1, 2)
    with CatchUpRunner(Bank, OfTenants, RedisSums, env=north) as runner:
        runner.wait(timeout=60)
        runner.rebuild()
        runner.wait(timeout=60)
        assert runner.view.sum() == 3
    other = CatchUpRunner(Bank, OfTenants, RedisSums, env=south)
    with pytest.raises(ForeignViewError, match=REFUSED), other:
        other.wait(timeout=60)


def test_applications_that_bring_their_own_settings(
    env_of: Callable[..., Env], deposit: Callable[..., Bank]
) -> None:
    """The stores' settings name no tenant; the applications do."""
    north, south = deposit(env_of("North"), 1), deposit(env_of("South"), 2)
    with Outbox(env_of(None), north, name="sums") as outbox:
        outbox.wait(timeout=60)
        assert len(outbox.records()) == 2
        other = Outbox(env_of(None), south, name="sums")
        with pytest.raises(ForeignViewError, match=REFUSED), other:
            other.wait(timeout=60)
        assert len(esnb.outbox_records(outbox)) == 2


@pytest.mark.extras
def test_a_publisher_of_another_tenant_publishes_nothing(
    env_of: Callable[..., Env], deposit: Callable[..., Bank]
) -> None:
    north, south = deposit(env_of("North"), 1), deposit(env_of("South"), 2)
    with Outbox(env_of(None), north, name="sums") as outbox:
        outbox.wait(timeout=60)
        other = Outbox(env_of(None), south, name="sums")
        publisher = BullMQPublisher(other, route=lambda record: "jobs")
        with pytest.raises(ForeignViewError, match=REFUSED), other, publisher:
            publisher.wait(timeout=60)
        assert list(esnb.outbox_records(outbox)["state"]) == ["pending", "pending"]


def test_a_view_that_was_made_before_belongs_to_who_goes_on_with_it(
    env_of: Callable[..., Env], deposit: Callable[..., Bank], case: str
) -> None:
    """Views of esnb 0.1 do not say whose streams they are made of."""
    north, south = env_of("North"), env_of("South")
    bank = deposit(north, 1, 2)
    with CatchUpRunner(Bank, OfTenants, RedisSums, env=north) as runner:
        runner.wait(timeout=60)
        position = runner.status().position
    client = redis.Redis.from_url(north["REDIS_URL"], decode_responses=True)
    tracking = f"{case}:{{sums}}~tracking"
    assert client.hget(tracking, "streams:Bank") == f"{case}North"
    assert client.hdel(tracking, "streams:Bank") == 1

    bank.deposit(bank.open(), 4)
    with CatchUpRunner(Bank, OfTenants, RedisSums, env=north) as runner:
        assert runner.view.max_tracking_id("Bank") == position
        runner.wait(timeout=60)
        assert runner.view.sum() == 7
    assert client.hget(tracking, "streams:Bank") == f"{case}North"
    client.close()
    with pytest.raises(ForeignViewError, match=REFUSED):
        RedisSums.construct(Environment("sums", south)).max_tracking_id("Bank")


def test_who_only_reads_needs_no_settings_of_the_event_store(
    env_of: Callable[..., Env], deposit: Callable[..., Bank]
) -> None:
    north = env_of("North")
    deposit(north, 1, 2)
    with CatchUpRunner(Bank, OfTenants, RedisSums, env=north) as runner:
        runner.wait(timeout=60)
    settings: Any = {name: north[name] for name in ("REDIS_URL", "REDIS_KEY_PREFIX")}
    view = RedisSums.construct(Environment("sums", settings))
    assert view.sum() == 3
    position = view.max_tracking_id("Bank")
    assert position is not None
    view = RedisSums.construct(Environment("sums", env_of(None)))
    view.wait("Bank", position, timeout=60)
    assert view.sum() == 3


def test_anothers_view_is_not_among_a_tenants_checkpoints(
    env_of: Callable[..., Env], deposit: Callable[..., Bank]
) -> None:
    north, south = deposit(env_of("North"), 1), deposit(env_of("South"), 2, 3)
    unprefixed = deposit(env_of(None), 4)
    with CatchUpRunner(north, OfTenants, RedisSums, env=north.env) as runner:
        runner.wait(timeout=60)

    (own,) = esnb.checkpoints(north).to_dict("records")
    assert (own["name"], own["application"], own["lag"]) == ("sums", "Bank", 0)
    assert len(esnb.checkpoints(south)) == 0
    assert len(esnb.checkpoints(unprefixed)) == 0
