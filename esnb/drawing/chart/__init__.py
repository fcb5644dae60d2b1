"""What charts are made of: scales, ticks, steps, colours of types, parts of an SVG.

Pure functions over numbers and texts, for pictures (`esnb.plot`) and widgets alike.
"""
