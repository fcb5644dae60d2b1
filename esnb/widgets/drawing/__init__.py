"""What all widgets are drawn with. It imports ipywidgets whole, before any of them uses it."""

from esnb.threads.outside import import_whole

import_whole("ipywidgets")
