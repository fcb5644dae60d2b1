"""The example's whole flow: product, catalogue, outbox, queue, worker, mail."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import esnb

pytestmark = pytest.mark.extras


def test_a_price_change_becomes_one_mail_of_its_flow(tmp_path: Path) -> None:
    from esnb.examples.price_mail import QUEUE, PriceMailer, mails, route
    from esnb.examples.product import ProductApplication

    with esnb.connect(embedded=True) as stores:
        shop = stores.application(ProductApplication)
        with esnb.correlate("order-17"):
            lamp = shop.create_product(
                name="Lamp", description="", price=Decimal("49.90"), category="light", sku="L-1"
            ).unwrap()
            shop.update_price(lamp, Decimal("44.90"), reason="spring – sale").unwrap()
        outbox = esnb.outbox.Outbox(stores, shop)
        publisher = esnb.outbox.BullMQPublisher(outbox, route)
        worker = esnb.outbox.Worker(stores, QUEUE, PriceMailer(tmp_path))
        with outbox, publisher, worker:
            publisher.wait(timeout=60)
            worker.wait(1, timeout=60)
        [mail] = mails(tmp_path)
        assert mail["Subject"] == "The price is now 44.90"
        assert mail["X-Correlation-ID"] == "order-17"
        assert mail.get_content() == f"{lamp} costs 44.90 from now on: spring – sale.\n"
        frame = esnb.trace(stores, "order-17")
        assert list(frame["kind"]) == ["event", "outbox", "event", "outbox", "job"]
        assert list(frame["state"])[1:] == ["skipped", "recorded", "published", "completed"]
