"""`flow`: what one correlation id led to."""
