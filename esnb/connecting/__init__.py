"""From what `connect()` is given to clients that answer."""
