"""The whole flow: a price changes, and a mail about it lies in a folder.

Product saved → event → catalogue and outbox → BullMQ queue → worker → mail. The
products are those of `esnb.examples.product`; `route` and `PriceMailer` are all
that is added.

>>> from esnb.outbox import BullMQPublisher, Outbox, Worker
>>> import tempfile, esnb
>>> from decimal import Decimal
>>> from esnb.examples.product import ProductApplication
>>> with esnb.connect(embedded=True) as stores, tempfile.TemporaryDirectory() as folder:
...     shop = stores.application(ProductApplication)
...     lamp = shop.create_product(
...         name="Desk lamp", description="Brass", price=Decimal("49.90"),
...         category="lighting", sku="LAMP-1",
...     ).unwrap()
...     _ = shop.update_price(lamp, Decimal("44.90"), reason="spring sale")
...     outbox = Outbox(stores, shop)
...     with outbox, BullMQPublisher(outbox, route), Worker(
...         stores, QUEUE, PriceMailer(folder)
...     ) as worker:
...         worker.wait(1)
...     [mail] = mails(folder)
...     mail["Subject"]
'The price is now 44.90'
"""

from esnb.examples.price_mail.mailer import QUEUE, PriceMailer, mails, route

__all__ = ["QUEUE", "PriceMailer", "mails", "route"]


def __dir__() -> list[str]:
    return __all__
