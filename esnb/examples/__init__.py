"""Worked examples: a small domain to learn from, and a large real data set.

`esnb.examples.product` is the walkthrough domain, `esnb.examples.flights` the
336,776 flights of 2013 as events, `esnb.examples.demo` a tour of both in the
terminal (`esnb demo`). They need packages of an extra:
`pip install 'esnb[notebooks]'`.
"""
