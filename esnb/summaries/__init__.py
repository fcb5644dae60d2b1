"""How objects of the library and of the clients show themselves in IPython.

Their classes stay as they are: IPython has a registry of formatters for that.
"""
