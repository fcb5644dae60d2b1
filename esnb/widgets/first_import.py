"""The first import of pandas and ipywidgets, before whatever of this package uses them."""

from esnb.threads.outside import import_whole

import_whole("pandas", "ipywidgets")
