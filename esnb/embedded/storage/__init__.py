"""Where the records of the embedded server are kept."""
