"""The first import of pandas, before whatever of this package uses it."""

from esnb.threads.outside import import_whole

import_whole("pandas")
