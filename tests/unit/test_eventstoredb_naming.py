"""Stream names, and the expressions by which the server finds them."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from eventsourcing.persistence import DataError, InfrastructureFactoryError
from hypothesis import given
from hypothesis import strategies as st

from esnb.adapters.settings import IDType
from esnb.eventstoredb.naming import StreamNaming, application_prefix

prefixes = st.text(st.characters(exclude_characters="-\n", exclude_categories=["Cs"])).filter(
    lambda text: not text.startswith("$") and not text.endswith(".snapshot")
)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def server_finds(naming: StreamNaming, stream: str) -> bool:
    """As the server does: the clients put the anchors around an expression."""
    return re.search(f"^{naming.pattern}$", stream) is not None


@given(prefix=prefixes, originator_id=st.uuids())
def test_a_uuid_comes_back(prefix: str, originator_id: UUID) -> None:
    naming = StreamNaming(prefix)
    stream = naming.stream(originator_id)
    assert naming.originator_id(stream) == originator_id
    assert naming.stream(str(originator_id).upper()) == stream
    assert server_finds(naming, stream)
    assert not server_finds(naming, naming.snapshot_stream(originator_id))


@given(prefix=prefixes.filter(bool), originator_id=texts)
def test_a_text_comes_back(prefix: str, originator_id: str) -> None:
    naming = StreamNaming(prefix, "text")
    assert naming.originator_id(naming.stream(originator_id)) == originator_id
    snapshot_stream = naming.snapshot_stream(originator_id)
    assert naming.snapshot_originator_id(snapshot_stream) == originator_id
    assert naming.originator_id(snapshot_stream) is None


@given(ours=prefixes.filter(bool), theirs=prefixes.filter(bool), originator_id=texts)
def test_categories_are_disjoint(ours: str, theirs: str, originator_id: str) -> None:
    stream = StreamNaming(theirs, "text").stream(originator_id)
    naming = StreamNaming(ours, "text")
    assert (naming.originator_id(stream) is not None) == (ours == theirs)
    if ours != theirs:
        assert not server_finds(naming, stream)


@pytest.mark.parametrize("id_type", ["uuid", "text"])
@pytest.mark.parametrize(
    "stream",
    [
        "$stats-1",
        "$$Shop-1",
        "$ce-Shop",
        ".snapshot-0a5bde5e-3ca3-4b7b-9a8c-3a1b9a2c1d11",
        "snapshot-$0a5bde5e-3ca3-4b7b-9a8c-3a1b9a2c1d11",
    ],
)
def test_bare_ids_are_no_system_streams_or_snapshots(id_type: IDType, stream: str) -> None:
    naming = StreamNaming("", id_type)
    assert naming.originator_id(stream) is None
    assert not server_finds(naming, stream)
    with pytest.raises(DataError):
        naming.stream(stream)


@pytest.mark.parametrize(
    "stream", ["Shop-x", "Shop", f"Shop-{UUID(int=7 << 64)}-1", f"xShop-{UUID(int=7 << 64)}", ""]
)
def test_other_streams_are_not_ours(stream: str) -> None:
    assert StreamNaming("Shop").originator_id(stream) is None
    assert not server_finds(StreamNaming("Shop"), stream)


@pytest.mark.parametrize("prefix", ["my-shop", "$shop", "shop.snapshot", "-"])
def test_prefixes_that_break_categories_are_refused(prefix: str) -> None:
    with pytest.raises(InfrastructureFactoryError, match="EVENTSTOREDB_STREAM_PREFIX") as refused:
        StreamNaming(prefix)
    assert repr(prefix) in str(refused.value)


def test_the_prefix_is_the_applications_name_unless_configured() -> None:
    assert application_prefix("Shop", None) == "Shop"
    assert application_prefix("Shop", "") == ""
    assert application_prefix("my-shop", "MyShop") == "MyShop"
    with pytest.raises(InfrastructureFactoryError, match=r"'my-shop'.*'my'.*STREAM_PREFIX"):
        application_prefix("my-shop", None)


@pytest.mark.parametrize(("id_type", "originator_id"), [("uuid", "order-1"), ("text", "")])
def test_ids_of_another_type_are_refused(id_type: IDType, originator_id: str) -> None:
    with pytest.raises(DataError):
        StreamNaming("Shop", id_type).stream(originator_id)
