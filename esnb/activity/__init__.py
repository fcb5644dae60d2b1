"""What shows that something goes on, where it takes longer than a second, and then vanishes."""
