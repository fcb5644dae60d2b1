"""The embedded servers as processes that die with the one that uses them."""
