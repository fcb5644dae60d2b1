"""Paging and browsing over EventStoreDB: an application, a client, stores, links, a lost server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import esnb
from esnb.clients.installed import NotFound
from esnb.sources.paging import Pager
from tests.domain.accounts import Bank, an_account
from tests.unit.paging_checks import (
    check_index,
    check_paging,
    check_seeking,
    check_stream_paging,
)
from tests.waiting import until


@pytest.fixture(scope="module")
def stores() -> Iterator[esnb.Stores]:
    """Forty accounts of one application among those of another."""
    with esnb.connect(embedded=True) as opened:
        app, other = opened.application(Bank), opened.application(Rival)
        for number in range(40):
            with esnb.correlate(f"flow-{number}"):
                an_account(app)
                an_account(other)
        yield opened


class Rival(Bank):
    pass


@pytest.fixture(params=["application", "client", "stores"])
def source(request: pytest.FixtureRequest, stores: esnb.Stores) -> Any:
    if request.param == "application":
        return stores.application(Bank)
    return stores if request.param == "stores" else stores.eventstoredb


@pytest.mark.parametrize("size", [7, 70])
def test_every_event_of_a_server_is_on_one_page(source: Any, size: int) -> None:
    check_paging(source, size)


def test_a_server_is_searched_for_times_and_streams(source: Any) -> None:
    check_seeking(source)
    check_index(source)
    check_stream_paging(source, str(esnb.streams(source)["stream"][3]), 2)


def test_any_number_is_a_place_to_go_on_from(source: Any) -> None:
    pager = Pager(source)
    positions = [int(each) for each in esnb.events(source)["position"]]
    for number in (positions[5] - 1, positions[5] + 1, 1, 2**61):
        with pager.backwards(None, number) as records:
            found = [record.position for record in records]
        assert found == [each for each in reversed(positions) if each < number]


def test_correlated_events_of_both_applications_are_found(stores: esnb.Stores) -> None:
    browser = esnb.browse(stores, live=False)
    chosen = browser.event
    assert chosen is not None
    assert chosen["metadata"]["$correlationId"] == "flow-39"
    browser.correlated()
    assert len(browser.events) == 10
    assert {each["metadata"]["$correlationId"] for each in browser.events} == {"flow-39"}
    browser.back()
    assert browser.event == chosen


def test_a_stream_of_links_shows_the_events_behind_them(stores: esnb.Stores) -> None:
    def links() -> int:
        try:
            return len(stores.eventstoredb.get_stream("$ce-Bank"))
        except NotFound:
            return 0

    until(lambda: links() == 200)  # the server writes them after the events
    browser = esnb.browse(stores, "$ce-Bank", live=False, rows=30)
    assert len(browser.events) == 30
    browser.earlier()
    assert len({(each["stream"], each["version"]) for each in browser.events}) == 30
    assert all(each["stream"].startswith("Bank-") for each in browser.events)


def test_a_server_that_goes_away_is_said_in_the_widget() -> None:
    stores = esnb.connect(embedded=True)
    try:
        app = stores.application(Bank)
        an_account(app)
        browser = esnb.browse(stores.eventstoredb, live=True)
        shown = browser.event
        panel = browser._controls()
    finally:
        stores.close()
    for press in (panel._again, panel._newest, panel._stream):
        press.click()
        assert "esnb.connect() again" in panel._message.value
    assert browser.event == shown
    browser.following = True
    assert not browser.following
    browser.close()


@pytest.mark.parametrize("kind", ["application", "client", "stores"])
def test_a_log_that_was_emptied_is_looked_at_again(kind: str) -> None:
    with esnb.connect(embedded=True) as stores:
        app = stores.application(Bank)
        sources = {"application": app, "client": stores.eventstoredb, "stores": stores}
        for _ in range(2):
            an_account(app)
        browser = esnb.browse(sources[kind], live=True)
        panel = browser._controls()
        for accounts in (1, 5, 5, 0, 2):  # fewer events than before, more, and as many
            stores.reset()
            for _ in range(accounts):
                an_account(app)
            assert panel.visit.arrivals()
            rows, _ = panel.visit.index.newest(20)
            assert {row.name for row in rows} == set(esnb.streams(sources[kind])["stream"])
            assert len(rows) == accounts
            shown = [each["stream"] for each in browser.events]
            assert shown == esnb.events(sources[kind])["stream"].tolist()[-20:]
            assert not panel.visit.arrivals()
        browser.close()


# --- causes, effects and links -----------------------------------------------------------------


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """One event that caused two others, among the events of other flows; each kind of source."""
    with esnb.connect(embedded=True) as opened:
        app = opened.application(Bank)
        an_account(app)
        with esnb.correlate("order-17"):
            root = an_account(app)
        cause = esnb.stream(app, root)["event_id"].iloc[2]
        with esnb.correlate("order-17", causation_id=cause):
            effects = [an_account(app) for _ in range(2)]
        an_account(app)
        path = str(tmp_path_factory.mktemp("flow") / "log.jsonl")
        esnb.export(app, path)
        yield {
            "sources": {
                "application": app,
                "client": opened.eventstoredb,
                "stores": opened,
                "file": path,
            },
            "root": str(root),
            "cause": cause,
            "effects": {str(each) for each in effects},
        }


@pytest.mark.parametrize("kind", ["application", "client", "stores", "file"])
def test_causes_and_effects_lead_to_each_other(flow: dict[str, Any], kind: str) -> None:
    source = flow["sources"][kind]
    prefix = "Bank-" if kind in ("client", "stores") else ""
    browser = esnb.browse(source, f"{prefix}{min(flow['effects'])}", live=True)
    panel = browser._controls()
    assert not panel._cause.disabled

    panel._cause.click()

    assert browser.event is not None
    assert browser.event["event_id"] == flow["cause"]
    assert browser.event["stream"] == prefix + flow["root"]
    assert panel._cause.disabled  # the first of its flow
    panel._effects.click()
    assert {each["stream"] for each in browser.events} == {
        prefix + each for each in flow["effects"]
    }
    assert len(browser.events) == 10
    panel._effects.click()  # of an event that caused nothing
    assert browser.events == []
    for _ in range(3):
        panel._back.click()
    assert browser.stream == f"{prefix}{min(flow['effects'])}"
    browser.close()


@pytest.mark.parametrize("kind", ["application", "client", "stores", "file"])
def test_a_link_shows_the_same_event_of_every_source(flow: dict[str, Any], kind: str) -> None:
    source = flow["sources"][kind]
    browser = esnb.browse(source, rows=3, live=False)
    for _ in range(7):
        browser.previous()
        shown, link = browser.event, browser.link
        assert shown is not None
        assert eval(link, {"esnb": esnb, "app": source, "stores": source}).event == shown
        browser.open(shown["stream"])
        link = browser.link
        again = eval(link, {"esnb": esnb, "app": source, "stores": source})
        assert again.event == browser.event
        assert again.stream == browser.stream
        browser.back()


class Vault(Bank):
    """With a category of its own: the other tests' server may be the same."""


def test_a_link_into_a_stream_of_links_and_to_a_tombstone() -> None:
    with esnb.connect(embedded=True) as stores:
        client = stores.eventstoredb
        app = stores.application(Vault)
        ids = [str(an_account(app)) for _ in range(3)]

        def links() -> int:
            try:
                return len(client.get_stream("$ce-Vault"))
            except NotFound:
                return 0

        until(lambda: links() == 15)
        client.tombstone_stream(f"Vault-{ids[1]}", current_version=4)
        for at in ("$ce-Vault", None, f"Vault-{ids[1]}"):
            browser = esnb.browse(stores, at, live=False, rows=4)
            for _ in range(6):
                again = eval(browser.link, {"esnb": esnb, "stores": stores})
                assert again.event == browser.event
                browser.previous()
