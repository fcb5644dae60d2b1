"""What all live widgets stand on. Imports all of ipywidgets before any of them uses it."""

from esnb.threads.outside import import_whole

import_whole("ipywidgets")
