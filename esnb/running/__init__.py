"""One life for everything that runs in a thread of its own."""
