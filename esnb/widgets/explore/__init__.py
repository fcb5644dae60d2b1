"""`explore`: the versions of one aggregate."""
