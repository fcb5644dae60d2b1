"""What every picture is made of: values as text, HTML, short ids, one style sheet.

Knows neither ipywidgets nor pandas, so that frames show themselves with it, too.
"""
