"""`%xmode Verbose` shows local variables: out of esnb's frames no password comes."""

from __future__ import annotations

import json
import os
import pickle
import pprint
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import Tracking
from IPython.core.ultratb import VerboseTB

import esnb
from esnb.clients.installed import Client
from esnb.clients.redis import redis_client
from esnb.clients.uri import Uri, guarded, guarded_settings
from esnb.connecting.target import Attached
from esnb.eventstoredb.connection import Address
from esnb.projections import CatchUpRunner, PersistentRunner
from esnb.redis import RedisView
from esnb.stores import Stores, StoresEnv
from tests.domain.bank import Bank, Deposits
from tests.redis_server import RedisServer
from tests.reserved_port import ReservedPort
from tests.tracebacks import chain, own_traceback, raised_by, shown

SECRET = "geheim"


class Totals(RedisView):
    def add(self, amount: int, tracking: Tracking) -> None:
        with self.commit(tracking) as commands:
            commands.hincrby(self.key("totals"), "sum", amount)


class Failing(Deposits):
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        raise ValueError("no such customer")


@dataclass
class Servers:
    """Servers that want a password, and addresses of such at which nobody is."""

    stores: Stores
    eventstoredb: str
    redis: str
    no_eventstoredb: str
    no_redis: str

    @property
    def away(self) -> dict[str, str]:
        """Settings that lead to nobody."""
        return {
            "PERSISTENCE_MODULE": "esnb.eventstoredb",
            "EVENTSTOREDB_URI": self.no_eventstoredb,
            "REDIS_URL": self.no_redis,
        }


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with (
        esnb.connect(embedded=True) as embedded,
        RedisServer("--requirepass", SECRET) as redis_server,
        ReservedPort() as port,
    ):
        uri = embedded.env["EVENTSTOREDB_URI"].replace("://", f"://admin:{SECRET}@")
        uri = uri.replace("&connectionName=esnb-embedded", "")
        url = f"unix://:{SECRET}@{redis_server.socket}"
        with esnb.connect(uri, redis=url) as stores:
            yield Servers(
                stores,
                uri,
                url,
                f"esdb://admin:{SECRET}@127.0.0.1:{port.number}?Tls=false",
                f"redis://:{SECRET}@127.0.0.1:{port.number}",
            )


def failing_save(servers: Servers) -> None:
    bank = servers.stores.application(Bank)
    account = bank.open()
    copy: Any = bank.repository.get(account)
    bank.deposit(account, 1)
    copy.deposit(2)
    bank.save(copy)


def failing_commit(servers: Servers) -> None:
    bank = servers.stores.application(Bank)
    view = CatchUpRunner(bank, Deposits, Totals, servers.stores.env).view
    view.redis.set(view.key("totals"), "no hash")
    view.add(1, Tracking("Bank", 1))


def waits(runner: CatchUpRunner[Any, Any]) -> None:
    with runner:
        runner.wait(timeout=1)


def failing_runner(servers: Servers, **options: Any) -> None:
    bank = servers.stores.application(Bank)
    bank.deposit(bank.open(), 1)
    with CatchUpRunner(bank, Failing, Totals, servers.stores.env, **options) as runner:
        runner.wait(timeout=60)


FAILS: dict[str, Callable[[Servers], object]] = {
    "save": failing_save,
    "save, server away": lambda s: Bank(env=s.away).save(Aggregate()),
    "save of a plain mapping": lambda s: Bank(env=dict(s.away)).save(Aggregate()),
    "get": lambda s: s.stores.application(Bank).repository.get(uuid4()),
    "get, server away": lambda s: Bank(env=s.away).repository.get(uuid4()),
    "a snapshot store without Redis": lambda s: Bank(
        env={**s.away, "REDIS_URL": "", "SNAPSHOT_STORE": "redis"}
    ),
    "a wrong setting": lambda s: Bank(env={**s.away, "SNAPSHOT_KEEP": "many"}),
    "a wrong URI": lambda s: Bank(env={**s.away, "EVENTSTOREDB_URI": f"esdb://a:{SECRET}@:x"}),
    "a wrong URL": lambda s: CatchUpRunner(
        Bank, Deposits, Totals, {**s.away, "REDIS_URL": f"http://:{SECRET}@h"}
    ),
    "a wrong option": lambda s: CatchUpRunner(
        Bank, Deposits, Totals, {**s.away, "REDIS_URL": f"redis://:{SECRET}@h?nonsense=1"}
    ),
    "a wrong cluster": lambda s: esnb.connect(s.eventstoredb, redis=f"{s.no_redis}?cluster=may"),
    "events, server away": lambda s: esnb.events(Bank(env=s.away)),
    "events of a client": lambda s: esnb.events(Client(s.no_eventstoredb)),
    "at": lambda s: esnb.at(s.stores.application(Bank), uuid4()),
    "history": lambda s: esnb.history(s.stores.application(Bank), uuid4()),
    "export": lambda s: esnb.export(Bank(env=s.away), Path(os.devnull)),
    "checkpoints": lambda s: esnb.checkpoints(Bank(env=s.away)),
    "queue": lambda s: esnb.queue(redis_client(s.no_redis), "q"),
    "connect": lambda s: esnb.connect(s.no_eventstoredb, redis=s.no_redis, timeout=1),
    "connect to a wrong password": lambda s: esnb.connect(
        s.eventstoredb, redis=s.redis.replace("geheim", "falsch-geheim"), timeout=5
    ),
    "connect to half of it": lambda s: esnb.connect(s.no_eventstoredb),
    "connect to the other half": lambda s: esnb.connect(redis=s.no_redis),
    "connect to a malformed URI": lambda s: esnb.connect(
        f"esdb://admin:{SECRET} b@h:x", redis=s.redis
    ),
    "connect to a malformed URL": lambda s: esnb.connect(
        s.eventstoredb, redis=f"redis://:{SECRET}@h:6379/zero"
    ),
    "connect to Redis first": lambda s: esnb.connect(s.no_redis),
    "connect twice": lambda s: esnb.connect(s.no_eventstoredb, eventstoredb=s.no_eventstoredb),
    "connect to a path, too": lambda s: esnb.connect(s.no_eventstoredb, path="x"),
    "connect without a scheme": lambda s: esnb.connect(f"admin:{SECRET}@h:2113"),
    "connect to a path that is a URI": lambda s: esnb.connect(path=s.no_eventstoredb),
    "events of a URI": lambda s: esnb.events(s.no_eventstoredb),
    "a stream of a URI": lambda s: esnb.stream(s.no_eventstoredb, "a"),
    "streams of a URL": lambda s: esnb.streams(s.no_redis),
    "export of a URI": lambda s: esnb.export(s.no_eventstoredb, os.devnull),
    "trace of a URI": lambda s: esnb.trace(s.no_eventstoredb, "c"),
    "load into a URI": lambda s: esnb.load(__file__, s.no_eventstoredb),
    "load of a URI": lambda s: esnb.load(s.no_eventstoredb, Bank()),
    "watch a URL": lambda s: esnb.watch(s.no_redis),
    "browse a URI": lambda s: esnb.browse(s.no_eventstoredb, live=False),
    "flow of a URI": lambda s: esnb.flow(s.no_eventstoredb, "c", live=False),
    "catalog of a URI": lambda s: esnb.catalog(s.no_eventstoredb),
    "history of a URI": lambda s: esnb.history(s.no_eventstoredb, uuid4()),  # type: ignore[arg-type]
    "checkpoints of a URL": lambda s: esnb.checkpoints(s.no_redis),
    "queue of a URL": lambda s: esnb.queue(s.no_redis, "q"),
    "read_model of a URL": lambda s: esnb.read_model(s.no_redis),
    "project with settings": lambda s: esnb.project(
        Bank(), Deposits, Totals, env={"REDIS_URL": s.no_redis}
    ),
    "project with wrong settings": lambda s: esnb.project(
        Bank(), Deposits, Totals, env={"REDIS_URL": f"rdis://:{SECRET}@h"}
    ),
    "checkpoints, Redis away": lambda s: esnb.checkpoints(Bank(env={"REDIS_URL": s.no_redis})),
    "reset": lambda s: s.stores.reset(),
    "no application": lambda s: s.stores.application(None),  # type: ignore[arg-type]
    "a redis view": failing_commit,
    "a redis view, away": lambda s: CatchUpRunner(Bank(), Deposits, Totals, s.away).view.add(
        1, Tracking("Bank", 1)
    ),
    "a runner": failing_runner,
    "a runner's arguments": lambda s: failing_runner(s, batch_size=0),
    "a runner, away": lambda s: waits(CatchUpRunner(Bank, Deposits, Totals, s.away)),
    "consumers, away": lambda s: PersistentRunner(
        Bank(env=s.away), "g", lambda *_: None, env=s.away
    ).replay_parked(),
    "consumers": lambda s: PersistentRunner(
        s.stores.application(Bank), "g", lambda *_: None, env=s.stores.env
    ).wait(),
    "consumers, a wrong URL": lambda s: PersistentRunner(
        Client(s.eventstoredb), "g", lambda *_: None, env={"REDIS_URL": f"http://:{SECRET}@h"}
    ),
}  # fmt: skip


def without_password(error: BaseException) -> None:
    for each in chain(error):
        assert SECRET not in str(each)
    assert [(place, text) for place, text in shown(error) if SECRET in text] == []
    verbose = VerboseTB(include_vars=True)
    assert SECRET not in verbose.text(type(error), error, own_traceback(error))


@pytest.mark.parametrize("fails", FAILS.values(), ids=FAILS.keys())
def test_what_fails_shows_no_password(servers: Servers, fails: Callable[[Servers], object]) -> None:
    without_password(raised_by(lambda: fails(servers)))


FROM_VARIABLES: dict[str, Callable[[], object]] = {
    "connect": lambda: esnb.connect(timeout=1),
    "save": lambda: Bank().save(Aggregate()),
    "a runner": lambda: waits(CatchUpRunner(Bank, Deposits, Totals)),
    "a runner's application": lambda: CatchUpRunner(Bank(), Deposits, Totals).view.add(
        1, Tracking("Bank", 1)
    ),
    "consumers": lambda: PersistentRunner(Bank(), "g", lambda *_: None).replay_parked(),
    "project": lambda: esnb.project(Bank(), Deposits, Totals),
    "checkpoints": lambda: esnb.checkpoints(Bank()),
}


@pytest.mark.parametrize("is_malformed", [False, True], ids=["away", "malformed"])
@pytest.mark.parametrize("fails", FROM_VARIABLES.values(), ids=FROM_VARIABLES.keys())
def test_nor_what_the_process_is_set_up_with(
    servers: Servers,
    monkeypatch: pytest.MonkeyPatch,
    fails: Callable[[], object],
    is_malformed: bool,
) -> None:
    for name, value in servers.away.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ANOTHER_KEY", f"{SECRET}-of-somebody-else")
    if is_malformed:
        monkeypatch.setenv("REDIS_URL", f"redis://:{SECRET}@h?nonsense=1")
        monkeypatch.setenv("EVENTSTOREDB_URI", f"esdb://admin:{SECRET}@h:x")
    error = raised_by(fails)
    assert [(place, text) for place, text in shown(error) if f"admin:{SECRET}" in text] == []
    text = VerboseTB(include_vars=True).text(type(error), error, own_traceback(error))
    assert f":{SECRET}" not in text
    assert "os.environ" not in text


@pytest.mark.extras
def test_publishers_and_workers_show_none(servers: Servers) -> None:
    from esnb.outbox import BullMQPublisher, Outbox, Worker

    def refuses(record: Any) -> str:
        raise ValueError("no such customer")

    def stuck() -> None:
        bank = servers.stores.application(Bank)
        bank.open()
        outbox = Outbox(servers.stores, bank, name=uuid4().hex)
        with outbox, BullMQPublisher(outbox, refuses, attempts=1) as publisher:
            publisher.wait(timeout=60)

    def idle() -> None:
        with Worker(servers.redis, "idle", lambda job: None) as worker:
            worker.wait(1, timeout=0.1)

    def away() -> None:
        with Worker(servers.no_redis, "q", lambda job: None) as worker:
            worker.wait(1, timeout=0.1)

    for fails in (
        stuck,
        idle,
        away,
        lambda: Worker(f"http://:{SECRET}@h", "q", lambda job: None),
        lambda: Worker(f"{servers.no_redis}?cluster=true", "q", lambda job: None),
        lambda: BullMQPublisher(
            Outbox({"REDIS_URL": f"{servers.no_redis}?cluster=true"}, Bank()), refuses
        ),
        lambda: Outbox({"REDIS_URL": servers.no_redis}, Bank()).retry([str(uuid4())]),
        lambda: esnb.trace(servers.stores, None),
    ):
        without_password(raised_by(fails))


def test_frames_of_a_redis_that_is_away_show_none(servers: Servers) -> None:
    client = redis_client(servers.no_redis)
    for fails in (
        lambda: esnb.queue(client, "q"),
        lambda: esnb.checkpoints(client),
        lambda: esnb.read_model(CatchUpRunner(Bank(), Deposits, Totals, servers.away).view),
    ):
        without_password(raised_by(fails))


# --- what holds a connection string ---------------------------------------------------------

URI = f"esdb://admin:{SECRET}@db.example:2113?Tls=true"
URL = f"redis://:{SECRET}@cache.example:6379/0"


def test_what_holds_one_does_not_show_it(servers: Servers) -> None:
    attached = Attached(URI, URL, None)
    held: list[object] = [
        Uri(URI),
        attached,
        Address(URI),
        servers.stores,
        servers.stores.env,
        StoresEnv({"EVENTSTOREDB_URI": URI, "REDIS_URL": URL}),
        dict(servers.stores.env),
        {**servers.stores.env, "SNAPSHOT_KEEP": "3"},
        servers.stores.application(Bank).env,
        Bank(env={**servers.away, "ANY": "thing"}).env,
        guarded_settings({"REDIS_URL": f"redis://h?password={SECRET}"}),
        [attached.redis],
        partial(print, attached.eventstoredb),
        (attached.eventstoredb[:30], attached.redis[8:]),
    ]
    for each in held:
        for look in (repr, pprint.pformat, lambda one: f"{one!r}"):
            assert SECRET not in look(each), look(each)
    assert repr(attached) == (
        "Attached(eventstoredb='esdb://***@db.example:2113?Tls=true', "
        "redis='redis://***@cache.example:6379/0', certificates=None)"
    )


def test_as_text_it_is_what_it_was() -> None:
    uri = guarded(URI)
    assert (uri, str(uri), f"{uri}", hash(uri)) == (URI, URI, URI, hash(URI))
    assert (uri[:4], uri.encode(), {URI: 1}[uri]) == ("esdb", URI.encode(), 1)
    assert json.loads(json.dumps({"uri": uri})) == {"uri": URI}
    assert repr(pickle.loads(pickle.dumps(uri))) == repr(uri)
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.environ['URI'])"],
        env={**os.environ, "URI": uri},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == URI


def test_what_has_no_password_stays_as_it_is() -> None:
    for plain in ("esdb://127.0.0.1:2113?Tls=false", "redis://h:6379/0", "esnb.eventstoredb", ""):
        assert type(guarded(plain)) is str


def test_its_own_mapping_of_settings_is_not_changed_for_the_user() -> None:
    settings = {
        "REDIS_URL": URL,
        "EVENTSTOREDB_URI": URI,
        "PERSISTENCE_MODULE": "esnb.eventstoredb",
    }
    Bank(env=settings)
    assert {type(value) for value in settings.values()} == {str}
