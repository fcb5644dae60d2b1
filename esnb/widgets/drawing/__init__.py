"""What all widgets are drawn with."""
