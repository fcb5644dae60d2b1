"""Environment values that are wrong are named before anything is connected."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from eventsourcing.persistence import InfrastructureFactory, OperationalError
from eventsourcing.popo import POPOTrackingRecorder
from eventsourcing.utils import Environment

from esnb.redis import Namespace, RedisFactory, RedisTrackingRecorder, RedisView
from esnb.setting import SettingError

URL = "redis://127.0.0.1:1/0"


def _factory(name: str = "App", **settings: str) -> RedisFactory:
    return RedisFactory(Environment(name, settings))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:6379",
        "http://user:hidden@host/0",
        "redis://",
        "redis://:hidden@host:port/0",
        "redis://:hidden@host:99999/0",
        "redis://:hidden@host/0?socket_timeout=soon",
        "redis://:hidden@host/0?no_such_option=1",
        "unix://",
        "redis://:hidden@[::1/0",
    ],
)
def test_a_wrong_url_is_named_without_its_password(url: str) -> None:
    for ask in (
        lambda: _factory(REDIS_URL=url).tracking_recorder(),
        lambda: _factory(REDIS_URL=url).aggregate_recorder("snapshots"),
    ):
        with pytest.raises(SettingError, match="REDIS_URL is ") as caught:
            ask()
        assert "hidden" not in str(caught.value)
        if url:
            assert url.partition("://")[0] in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SNAPSHOT_KEEP", "0"),
        ("SNAPSHOT_KEEP", "ten"),
        ("SNAPSHOT_KEEP", "-1"),
        ("SNAPSHOT_KEEP", "²"),
        ("SNAPSHOT_TTL", "0"),
        ("SNAPSHOT_TTL", "1.5"),
        ("ORIGINATOR_ID_TYPE", "int"),
        ("REDIS_KEY_PREFIX", "a{b}"),
        ("REDIS_KEY_PREFIX", "a}"),
    ],
)
def test_a_wrong_setting_of_snapshots_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"{name} is {value!r}".replace("{", r"\{")):
        _factory(REDIS_URL=URL, **{name: value}).aggregate_recorder("snapshots")


@pytest.mark.parametrize(
    ("name", "value"), [("REDIS_KEY_PREFIX", "a{b"), ("REDIS_NAMESPACE", "a:b")]
)
def test_a_wrong_setting_of_views_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"{name} is ".replace("{", r"\{")):
        RedisView.construct(Environment("App", {"REDIS_URL": URL, name: value}))


def test_settings_of_one_projection_win() -> None:
    env = Environment(
        "Totals", {"REDIS_URL": URL, "REDIS_KEY_PREFIX": "all", "TOTALS_REDIS_KEY_PREFIX": "mine"}
    )
    assert RedisView.construct(env).key("x") == "mine:{Totals}:x"


def test_nothing_is_connected_before_the_first_use() -> None:
    recorder = _factory(REDIS_URL=URL).tracking_recorder()
    with pytest.raises(OperationalError, match=r"Redis at redis://127\.0\.0\.1:1/0 cannot be"):
        recorder.max_tracking_id("app")


def test_no_error_and_no_repr_shows_a_password() -> None:
    url = "redis://user:hidden@127.0.0.1:1/0?password=hidden"
    recorder = _factory(REDIS_URL=url).tracking_recorder()
    snapshots = _factory(REDIS_URL=url).aggregate_recorder("snapshots")
    with pytest.raises(OperationalError) as caught:
        recorder.max_tracking_id("app")
    error: BaseException | None = caught.value
    while error is not None:
        assert "hidden" not in f"{error} {error!r}"
        error = error.__cause__
    for thing in (recorder, snapshots, _factory(REDIS_URL=url)):
        assert "hidden" not in repr(thing)


def test_an_embedded_server_is_called_so() -> None:
    url = "unix:///nowhere/redis.sock?client_name=esnb-embedded"
    recorder = _factory(REDIS_URL=url).tracking_recorder()
    with pytest.raises(OperationalError, match="Redis at embedded cannot be reached") as caught:
        recorder.max_tracking_id("app")
    assert "nowhere" not in str(caught.value)
    assert "No such file" in str(caught.value)


def test_the_package_is_a_persistence_module() -> None:
    factory = InfrastructureFactory[Any].construct(
        Environment("App", {"PERSISTENCE_MODULE": "esnb.redis", "REDIS_URL": URL})
    )
    assert type(factory) is RedisFactory
    assert type(factory.tracking_recorder()) is RedisTrackingRecorder


def test_a_view_of_another_store_is_refused() -> None:
    with pytest.raises(TypeError, match=r"POPOTrackingRecorder.*esnb\.redis\.RedisView"):
        _factory(REDIS_URL=URL).tracking_recorder(POPOTrackingRecorder)


class TestNamespace:
    def test_keys_begin_alike_and_share_the_tag(self) -> None:
        namespace = Namespace("esnb", "Totals")
        assert namespace.key("a", 1, "b") == "esnb:{Totals}:a:1:b"
        for key in (namespace.tracking, namespace.registry, namespace.channel("app")):
            assert key.startswith("esnb:{Totals}~")

    def test_no_names_meet(self) -> None:
        # A view's own parts can say anything, and never reach the bookkeeping
        # or another namespace.
        own = Namespace("esnb", "Totals")
        other = Namespace("esnb", "Totals", "rebuild")
        for parts in (("~tracking",), ("@rebuild", "x"), ("",), ("~keys",)):
            assert own.key(*parts).startswith("esnb:{Totals}:")
        assert not other.key("x").startswith(own.key(""))
        assert len({own.tracking, own.registry, other.tracking, other.registry}) == 4

    @pytest.mark.parametrize(("label", "shown"), [("", ""), ("rebuild", "@rebuild")])
    @pytest.mark.parametrize("name", ["Totals", "a}b", "{", "a:b", "ü", "~tracking", "a%7Db"])
    def test_its_name_is_read_back_from_its_keys(self, name: str, label: str, shown: str) -> None:
        namespace = Namespace("[e]", name, label)
        assert Namespace.name_in(namespace.tracking, "[e]") == f"{name}{shown}"

    @pytest.mark.parametrize("name", ["a}b", "{", "a:b", "ü", "a b"])
    def test_any_name_is_one_tag(self, name: str) -> None:
        key = Namespace("esnb", name).key("x")
        assert key.count("{") == key.count("}") == 1
        assert key != Namespace("esnb", name + "2").key("x")

    def test_a_key_needs_a_part(self) -> None:
        with pytest.raises(ValueError, match="at least one part"):
            Namespace("esnb", "Totals").key()

    def test_it_is_plain_data(self) -> None:
        namespace = Namespace("esnb", "Totals", "rebuild")
        assert namespace.root
        assert pickle.loads(pickle.dumps(namespace)) == namespace


def test_a_view_without_a_named_environment_has_its_class_name() -> None:
    class Totals(RedisView):
        pass

    assert Totals.construct(Environment("", {"REDIS_URL": URL})).key("x") == "esnb:{Totals}:x"
