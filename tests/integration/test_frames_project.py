"""project: a read model as it was then, in a view that is thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking, TrackingRecorder
from eventsourcing.popo import POPOTrackingRecorder
from eventsourcing.projection import Projection
from eventsourcing.sqlite import SQLiteTrackingRecorder

import esnb
from esnb.frames.project import BATCH
from esnb.projections import CatchUpRunner


class Till(Aggregate):
    @event("Opened")
    def __init__(self) -> None:
        self.total = 0

    @event("Sold")
    def sell(self, item: str, amount: int) -> None:
        self.total += amount


class Shop(Application[Any]):
    pass


class InMemory(POPOTrackingRecorder):
    def __init__(self) -> None:
        super().__init__()
        self.sold: dict[str, int] = {}

    def add(self, item: str, amount: int, tracking: Tracking) -> None:
        with self._database_lock:
            self._assert_tracking_uniqueness(tracking)
            self._insert_tracking(tracking)
            self.sold[item] = self.sold.get(item, 0) + amount


class InSQLite(SQLiteTrackingRecorder):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.create_table_statements.append(
            "CREATE TABLE IF NOT EXISTS sold (item TEXT PRIMARY KEY, amount INTEGER)"
        )

    def add(self, item: str, amount: int, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "INSERT INTO sold VALUES (?, ?) ON CONFLICT DO UPDATE SET amount = amount + ?",
                (item, amount, amount),
            )


class InRedis(esnb.redis.RedisView):
    def add(self, item: str, amount: int, tracking: Tracking) -> None:
        with self.commit(tracking) as commands:
            commands.hincrby(self.key("sold"), item, amount)


class Sales(Projection[Any]):
    name = "sales"

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Other events do not matter."""

    @process_event.register(Till.Sold)  # type: ignore[attr-defined]
    def _(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.add(domain_event.item, domain_event.amount, tracking)


def sales(view: Any, domain_event: Any, tracking: Tracking) -> None:
    if isinstance(domain_event, Till.Sold):  # type: ignore[attr-defined]
        view.add(domain_event.item, domain_event.amount, tracking)


def a_day(app: Shop) -> Till:
    till = Till()
    for item, amount in (("tea", 3), ("cup", 4), ("tea", 5)):
        till.sell(item, amount)
    app.save(till)
    return till


@pytest.fixture(params=["popo", "sqlite", "esnb"])
def app(
    request: pytest.FixtureRequest, tmp_path: Path, emptied_stores: esnb.Stores
) -> Iterator[Shop]:
    if request.param == "esnb":
        yield emptied_stores.application(Shop)
        return
    settings = {
        "PERSISTENCE_MODULE": f"eventsourcing.{request.param}",
        "SQLITE_DBNAME": str(tmp_path / "shop.sqlite"),
        "REDIS_URL": emptied_stores.env["REDIS_URL"],
    }
    shop = Shop(env=settings)
    yield shop
    shop.close()


def sold(app: Shop, view_class: type[TrackingRecorder], **arguments: Any) -> dict[str, int]:
    projection = arguments.pop("projection", Sales)
    frame = esnb.project(app, projection, view_class, **arguments)
    keys, values = ("item", "amount") if view_class is InSQLite else ("field", "value")
    return {key: int(value) for key, value in zip(frame[keys], frame[values], strict=True)}


@pytest.mark.parametrize("view_class", [InMemory, InSQLite, InRedis])
@pytest.mark.parametrize("projection", [Sales, sales], ids=["class", "function"])
def test_a_read_model_now_and_then(
    app: Shop, view_class: type[TrackingRecorder], projection: Any
) -> None:
    a_day(app)
    positions = esnb.events(app)["position"]

    assert sold(app, view_class, projection=projection) == {"tea": 8, "cup": 4}
    assert sold(app, view_class, projection=projection, until=positions[1]) == {"tea": 3}
    assert sold(app, view_class, projection=projection, until=positions[2]) == {"tea": 3, "cup": 4}


@pytest.mark.extras
@pytest.mark.filterwarnings("ignore:This declarative base already contains")  # mapped anew
@pytest.mark.parametrize("projection", [Sales, sales], ids=["class", "function"])
def test_a_view_of_sqlalchemy(app: Shop, projection: Any) -> None:
    import sqlalchemy
    from eventsourcing_sqlalchemy.recorders import SQLAlchemyTrackingRecorder

    class InSQLAlchemy(SQLAlchemyTrackingRecorder):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.sold = sqlalchemy.Table(
                self.tracking_table_name.replace("tracking", "sold"),
                sqlalchemy.MetaData(),
                sqlalchemy.Column("place", sqlalchemy.Integer, primary_key=True),
                sqlalchemy.Column("item", sqlalchemy.String),
                sqlalchemy.Column("amount", sqlalchemy.Integer),
            )
            self.tables.append(self.sold)

        def add(self, item: str, amount: int, tracking: Tracking) -> None:
            with self.transaction(commit=True) as session:
                session.execute(sqlalchemy.insert(self.sold).values(item=item, amount=amount))
                self._insert_tracking(session, tracking)

        def rows(self) -> list[dict[str, Any]]:
            with self.transaction(commit=False) as session:
                found = session.execute(sqlalchemy.select(self.sold).order_by(self.sold.c.place))
                return [dict(row._mapping) for row in found]

    a_day(app)
    frame = esnb.project(app, projection, InSQLAlchemy, redact="item")
    assert list(frame["amount"]) == [3, 4, 5]
    assert list(frame["item"]) == ["[redacted]"] * 3
    positions = list(esnb.events(app)["position"])
    then = esnb.project(app, projection, InSQLAlchemy, until=positions[2])
    assert list(zip(then["item"], then["amount"], strict=True)) == [("tea", 3), ("cup", 4)]


def test_until_a_time(app: Shop) -> None:
    a_day(app)
    times = esnb.events(app)["time"]

    assert sold(app, InMemory, until=times[1]) == {"tea": 3}
    assert sold(app, InMemory, until=times[3].isoformat()) == {"tea": 8, "cup": 4}
    assert sold(app, InMemory, until="2001-01-01") == {}
    assert sold(app, InMemory, until=0) == {}


def test_batches_leave_nothing_out(app: Shop) -> None:
    days = BATCH // 3  # of four events each
    for _ in range(days):
        a_day(app)

    assert sold(app, InRedis) == {"tea": 8 * days, "cup": 4 * days}


def test_the_view_in_use_is_not_touched_and_nothing_is_left(emptied_stores: esnb.Stores) -> None:
    with CatchUpRunner(Shop, Sales, InRedis, env=emptied_stores.env) as runner:
        a_day(runner.app)
        runner.wait()
        keys = set(emptied_stores.redis.keys("*"))
        before = esnb.read_model(runner).to_dict("list")
        checkpoints = esnb.checkpoints(runner).to_dict("list")

        assert sold(runner.app, InRedis, until=2) != {"tea": 8, "cup": 4}

        assert set(emptied_stores.redis.keys("*")) == keys
        assert esnb.read_model(runner).to_dict("list") == before
        assert esnb.checkpoints(runner).to_dict("list") == checkpoints


def test_nothing_is_left_of_a_projection_that_fails(emptied_stores: esnb.Stores) -> None:
    app = emptied_stores.application(Shop)
    a_day(app)
    keys = set(emptied_stores.redis.keys("*"))

    def poisoned(view: Any, domain_event: Any, tracking: Tracking) -> None:
        sales(view, domain_event, tracking)
        if getattr(domain_event, "item", "") == "cup":
            raise LookupError("no cups")

    with pytest.raises(LookupError, match="no cups") as caught:
        esnb.project(app, poisoned, InRedis)

    assert any("Till.Sold" in note for note in caught.value.__notes__)
    assert set(emptied_stores.redis.keys("*")) == keys


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_of_the_cell_stays_one(kind: type[BaseException], app: Shop) -> None:
    a_day(app)

    def interrupted(view: Any, domain_event: Any, tracking: Tracking) -> None:
        raise kind("enough")

    with pytest.raises(kind, match="enough"):
        esnb.project(app, interrupted, InMemory)


def test_a_view_of_given_settings(app: Shop, tmp_path: Path) -> None:
    a_day(app)
    settings = {
        "PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "SQLITE_DBNAME": str(tmp_path / "throw-away.sqlite"),
    }

    assert sold(app, InSQLite, env=settings) == {"tea": 8, "cup": 4}
    assert (tmp_path / "throw-away.sqlite").exists()


class Elsewhere(TrackingRecorder):
    def insert_tracking(self, tracking: Tracking) -> None: ...

    def max_tracking_id(self, application_name: str) -> int | None: ...

    def has_tracking_id(self, application_name: str, notification_id: int | None) -> bool:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((object(), Sales, InMemory), "pass an eventsourcing Application"),
        ((Shop(), Sales, Elsewhere), "with env="),
        ((Shop(), Sales, InMemory()), "no view class"),
        ((Shop(), Shop, InMemory), "Shop is not a projection"),
        ((Shop(), 7, InMemory), "is not a projection"),
    ],
    ids=["app", "view class", "view", "projection class", "projection"],
)
def test_what_cannot_be_projected(arguments: tuple[Any, ...], text: str) -> None:
    with pytest.raises(TypeError, match=text):
        esnb.project(*arguments)
    with pytest.raises(ValueError, match="until="):
        esnb.project(Shop(), Sales, InMemory, until="yesterday evening")
