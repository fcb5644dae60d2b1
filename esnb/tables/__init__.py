"""How frames show themselves: a DataFrame that only brings its own faces along.

A kind says which columns matter, an excerpt what is shown of a frame, and text
and HTML are made of the same excerpt.
"""
