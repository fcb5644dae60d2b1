"""What a value is, whatever kind of object it is: its state, its text, where two differ."""
