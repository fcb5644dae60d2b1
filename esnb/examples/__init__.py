"""Worked examples: a small domain to learn from, and a large real data set.

`esnb.examples.product` is the walkthrough domain, `esnb.examples.flights` the
336,776 flights of 2013 as events, `esnb.examples.price_mail` the whole way from
a saved product to a mail, `esnb.examples.demo` a tour in the terminal
(`esnb demo`). They need packages of an extra:
`pip install 'esnb[notebooks]'`. Each is imported at its first use.
"""

import typing as _typing
from importlib import import_module as _import_module

if _typing.TYPE_CHECKING:
    from esnb.examples import demo as demo
    from esnb.examples import flights as flights
    from esnb.examples import price_mail as price_mail
    from esnb.examples import product as product

__all__ = ["demo", "flights", "price_mail", "product"]


def __getattr__(name: str) -> _typing.Any:
    if name in __all__:
        return _import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
