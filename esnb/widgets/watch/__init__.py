"""`watch`: many runners at a glance."""
