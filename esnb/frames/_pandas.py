"""The import of pandas, out of an interrupt's way: one that ends it half-way breaks pandas."""

from importlib import import_module

from esnb.clients.outside import outside

outside(lambda: import_module("pandas"))
