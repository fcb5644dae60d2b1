"""Frames over an application on pydantic's models, and what is generated of them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import esnb
from esnb.literals.imports import NoLiteralError
from esnb.literals.literal import SourceWriter

pytestmark = pytest.mark.extras


@pytest.fixture(scope="module")
def domain() -> Any:
    from tests.domain import teas

    return teas


def a_tea(domain: Any) -> Any:
    size = domain.Size(**{"grams": 5, "name on the tin": "x"})
    tea = domain.Tea("Assam", domain.Kind.BLACK, Decimal("1.50"), size)
    tea.reprice(Decimal("2"))
    return tea


@pytest.mark.parametrize("store", ["popo", "sqlite", "esnb"])
@pytest.mark.parametrize("compressor", ["", "zlib"])
def test_a_pydantic_application_is_shown(
    domain: Any, store: str, compressor: str, tmp_path: Path
) -> None:
    with esnb.connect(embedded=True) as stores:
        env = {
            "PERSISTENCE_MODULE": f"eventsourcing.{store}",
            "SQLITE_DBNAME": str(tmp_path / "teas.sqlite"),
            "COMPRESSOR_TOPIC": compressor,
        }
        with domain.Teas(env={**env, **(stores.env if store == "esnb" else {})}) as app:
            tea = a_tea(domain)
            app.save(tea)

            events = esnb.events(app)
            assert events["data"][0]["size"] == {"grams": 5, "name on the tin": "x"}
            assert list(events["time"]) == [tea.created_on, tea.modified_on]
            assert list(esnb.events(app, until=tea.created_on)["version"]) == [1]
            assert esnb.catalog(app)["fields"][1] == "price: str"
            assert "Assam" in str(esnb.browse(app, live=False))
            assert esnb.history(app, tea.id)["changed"][1] == "price: 1.50 → 2"
            source = esnb.given_when_then(app, tea.id)
            assert "size=Size(grams=5, **{'name on the tin': 'x'})" in source
            names: dict[str, Any] = {}
            exec(source, names)
            names["test_tea_repriced"]()
            hidden = esnb.given_when_then(app, tea.id, redact="name")
            assert "Assam" not in hidden
            exec(hidden, names)
            names["test_tea_repriced"]()
            esnb.export(app, tmp_path / "teas.jsonl")
            assert list(esnb.events(tmp_path / "teas.jsonl")["data"]) == list(events["data"])
            if store == "esnb" and not compressor:
                assert list(esnb.events(stores)["data"]) == list(events["data"])


def test_objects_of_attrs_have_source() -> None:
    import attrs

    from tests.unit import attrs_domain

    source = SourceWriter()
    for value in (attrs_domain.Box(1, inner="s"), attrs_domain.Box(2, [attrs_domain.Box(3)])):
        assert source.made(source.literal(value)) == value
    local = attrs.make_class("Local", ["x"])
    with pytest.raises(NoLiteralError, match="Local cannot be imported"):
        source.literal(local(1))
