"""`esnb serve`: the embedded pair for other processes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from eventsourcing.persistence import OperationalError

import esnb
from esnb.__main__ import main
from esnb.clients.installed import Client, ClientError, NewEvent, StreamState
from esnb.clients.uri import is_embedded
from tests.reserved_port import ReservedPort
from tests.waiting import DEADLINE


def port_of(uri: str) -> int:
    port = urlsplit(uri).port
    assert port is not None
    return port


def append(uri: str, stream: str) -> None:
    with Client(uri) as client:
        client.append_to_stream(
            stream, current_version=StreamState.ANY, events=[NewEvent(type="Happened", data=b"{}")]
        )


def length(uri: str, stream: str) -> int:
    with Client(uri) as client:
        return len(client.get_stream(stream))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(serve: Callable[..., Any], number: int) -> None:
    serving = serve()
    append(serving.eventstoredb, "greeting")
    assert length(serving.eventstoredb, "greeting") == 1
    with redis.Redis.from_url(serving.redis) as client:
        assert client.ping()
    # Whoever attaches is told of hosts, not of "embedded".
    assert not is_embedded(serving.eventstoredb)
    assert not is_embedded(serving.redis)

    assert serving.stop(number) == (0, "", "")
    for uri in (serving.eventstoredb, serving.redis):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port_of(uri)), timeout=60)


def test_the_servers_end_when_it_is_killed(
    serve: Callable[..., Any], wait_until_closed: Callable[[socket.socket], None]
) -> None:
    serving = serve()
    with (
        socket.create_connection(("127.0.0.1", port_of(serving.eventstoredb))) as eventstoredb,
        socket.create_connection(("127.0.0.1", port_of(serving.redis))) as cache,
    ):
        serving.stop(signal.SIGKILL)
        wait_until_closed(cache)
        wait_until_closed(eventstoredb)


def test_ports_and_a_path_are_as_wanted(serve: Callable[..., Any], tmp_path: Path) -> None:
    with ReservedPort() as first, ReservedPort() as second:
        ports = first.number, second.number
        arguments = (
            *("--path", str(tmp_path)),
            *("--eventstoredb-port", str(ports[0]), "--redis-port", str(ports[1])),
        )
        for expected in (1, 2):
            serving = serve(*arguments)
            assert (port_of(serving.eventstoredb), port_of(serving.redis)) == ports
            append(serving.eventstoredb, "greeting")
            assert length(serving.eventstoredb, "greeting") == expected
            with redis.Redis.from_url(serving.redis) as client:
                assert client.incr("starts") == expected
            assert serving.stop()[0] == 0


def test_it_shares_the_servers_with_kernels_on_the_same_path(
    serve: Callable[..., Any], start_kernel: Callable[..., Any], tmp_path: Path
) -> None:
    kernel = start_kernel()
    kernel.ask(
        f"import esnb\nstores = esnb.connect({str(tmp_path)!r})\nstores.redis.set('key', 'value')"
    )
    serving = serve("--path", str(tmp_path))
    with redis.Redis.from_url(serving.redis) as client:
        assert client.get("key") == b"value"
    append(serving.eventstoredb, "greeting")
    assert kernel.ask("", "len(stores.eventstoredb.get_stream('greeting'))") == 1
    assert serving.stop()[0] == 0
    assert kernel.ask("", "len(stores.eventstoredb.get_stream('greeting'))") == 1
    assert kernel.ask("", "stores.redis.ping()")

    again = serve("--path", str(tmp_path))
    assert length(again.eventstoredb, "greeting") == 1


def refused(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """What `esnb serve` says before it ends, having failed."""
    ended = subprocess.run(
        [sys.executable, "-m", "esnb", "serve", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )
    assert ended.returncode == 1
    return ended


@pytest.mark.parametrize("option", ["--eventstoredb-port", "--redis-port"])
def test_a_port_that_is_taken_is_named(plain_environment: dict[str, str], option: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = refused(plain_environment, option, str(port))
    assert ended.stdout == ""
    assert "esnb serve:" in ended.stderr
    assert str(port) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_another_port_than_that_in_use_on_the_path_is_refused(
    serve: Callable[..., Any], plain_environment: dict[str, str], tmp_path: Path
) -> None:
    serving = serve("--path", str(tmp_path))
    for option, uri in (
        ("--eventstoredb-port", serving.eventstoredb),
        ("--redis-port", serving.redis),
    ):
        with ReservedPort() as other:
            wanted = str(other.number)
            ended = refused(plain_environment, "--path", str(tmp_path), option, wanted)
        assert f"port {port_of(uri)}" in ended.stderr
        assert option in ended.stderr


def test_system_projections_run_unless_they_are_switched_off(
    serve: Callable[..., Any], plain_environment: dict[str, str], tmp_path: Path
) -> None:
    path = ("--path", str(tmp_path))
    without = serve(*path, "--run-projections", "none")
    append(without.eventstoredb, "greeting-1")
    with Client(without.eventstoredb) as client, pytest.raises(ClientError):
        client.get_projection_statistics(name="$by_category")
    ended = refused(plain_environment, *path)
    assert "pass --run-projections none" in ended.stderr
    without.stop()

    by_default = serve(*path)
    with (
        Client(by_default.eventstoredb) as client,
        client.subscribe_to_stream("$ce-greeting", resolve_links=True, timeout=60) as links,
    ):
        assert next(links).stream_name == "greeting-1"


@pytest.mark.parametrize(
    "wrong", [["serve", "--redis-port", "70000"], ["serve", "--redis-port", "x"], []]
)
def test_wrong_arguments_are_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(wrong)
    assert "usage: esnb" in capsys.readouterr().err


def test_a_path_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    (tmp_path / "file").write_text("")
    assert main(["serve", "--path", str(tmp_path / "file")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("esnb serve: the embedded stores cannot be kept in")
    assert f"{str(tmp_path / 'file')!r} is a file" in said


@pytest.mark.parametrize("path", ["", " ", "esdb://host:2113"])
def test_a_path_that_names_no_directory_is_refused(
    path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a variable that is not set: nothing is kept in whatever directory this is."""
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    monkeypatch.chdir(tmp_path)
    assert main(["serve", "--path", path]) == 1
    assert f"path={path!r}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def append_odd_group(client: Any) -> None:
    """A persistent subscription as the server keeps it, of an unknown strategy."""
    client.create_subscription_to_stream("sound", "s")
    kept = json.loads(client.get_stream("$persistentSubscriptionConfig")[-1].data)
    kept["entries"].append(kept["entries"][0] | {"group": "odd", "strategy": "Odd"})
    client.append_to_stream(
        "$persistentSubscriptionConfig",
        current_version=StreamState.ANY,
        events=[NewEvent(type="$PersistentConfig", data=json.dumps(kept).encode())],
    )


def test_whoever_serves_or_connects_is_told_what_is_left_out(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    left_out = "the group 'odd' on 's' is left out (Consumer strategy Odd does not exist)"
    first = serve("--path", str(tmp_path))
    with Client(first.eventstoredb) as client:
        append_odd_group(client)
    first.stop()
    again = serve("--path", str(tmp_path))
    with pytest.warns(RuntimeWarning, match=re.escape(left_out)), esnb.connect(tmp_path) as stores:
        assert len(stores.eventstoredb.list_subscriptions()) == 1
    code, _, said = again.stop()
    assert (code, left_out in said) == (0, True)


def state_of(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = json.loads((folder / "state.json").read_text())
    return state


@pytest.mark.parametrize(
    ("server", "named"),
    [("eventstoredb", "EventStoreDB"), ("redis", "Redis"), ("both", "EventStoreDB and Redis")],
)
def test_it_ends_with_its_servers(
    serve: Callable[..., Any], tmp_path: Path, server: str, named: str
) -> None:
    serving = serve("--path", str(tmp_path))
    for one in ("eventstoredb", "redis") if server == "both" else (server,):
        os.kill(state_of(tmp_path / one)["pid"], signal.SIGKILL)
    printed, said = serving.process.communicate(timeout=DEADLINE)
    assert (serving.process.returncode, printed) == (1, "")
    assert "Traceback" not in said
    if server != "both":  # the first may be missed before the second has died
        assert f"the embedded {named} ended unexpectedly, {tmp_path / server}" in said
    again = serve("--path", str(tmp_path))
    assert again.stop()[0] == 0


def test_it_ends_with_a_server_that_another_one_has_taken_the_place_of(
    serve: Callable[..., Any], start_kernel: Callable[..., Any], tmp_path: Path
) -> None:
    serving = serve("--path", str(tmp_path))
    serving.process.send_signal(signal.SIGSTOP)
    os.kill(state_of(tmp_path / "eventstoredb")["pid"], signal.SIGKILL)
    kernel = start_kernel()
    kernel.ask(f"import esnb\nstores = esnb.connect({str(tmp_path)!r})")
    serving.process.send_signal(signal.SIGCONT)
    _, said = serving.process.communicate(timeout=DEADLINE)
    assert (serving.process.returncode, "EventStoreDB ended unexpectedly" in said) == (1, True)
    assert kernel.ask("", "len(list(stores.eventstoredb.read_all()))") == 0


def test_nobody_else_can_look_into_the_folder(serve: Callable[..., Any], tmp_path: Path) -> None:
    home = tmp_path / "made" / "here"
    before = os.umask(0o022)
    try:
        earlier = tmp_path / "earlier"
        (earlier / "redis").mkdir(parents=True)
        for path in (home, earlier):
            serving = serve("--path", str(path))
            append(serving.eventstoredb, "greeting")
            serving.stop()
    finally:
        os.umask(before)
    open_to_others = [
        path
        for folder in (home, earlier / "redis", earlier / "eventstoredb")
        for path in (folder, *folder.rglob("*"))
        if path.stat().st_mode & 0o077
    ]
    assert open_to_others == []
    assert earlier.stat().st_mode & 0o777 == 0o755, "a folder of the user's own stays as it is"


@pytest.mark.parametrize("damage", [bytes, lambda size: b"\xff" * size], ids=["zeros", "ones"])
def test_a_damaged_log_is_named(
    serve: Callable[..., Any],
    plain_environment: dict[str, str],
    tmp_path: Path,
    damage: Callable[[int], bytes],
) -> None:
    serving = serve("--path", str(tmp_path))
    with Client(serving.eventstoredb) as client:
        for _ in range(30):
            events = [NewEvent(type="Happened", data=b"{}" + b" " * 2000) for _ in range(10)]
            client.append_to_stream("s", current_version=StreamState.ANY, events=events)
    serving.stop()
    log = tmp_path / "eventstoredb" / "events.db"
    content = bytearray(log.read_bytes())
    content[4096 : 3 * len(content) // 4] = damage(3 * len(content) // 4 - 4096)
    log.write_bytes(content)
    ended = refused(plain_environment, "--path", str(tmp_path))
    assert f"event log {log} cannot be" in ended.stderr
    assert "from a copy" in ended.stderr or "choose another path" in ended.stderr
    assert "Traceback" not in ended.stderr
    with pytest.raises(OperationalError, match=f"event log {log} cannot be"):
        esnb.connect(tmp_path)
