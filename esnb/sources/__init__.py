"""Logs to be read, whatever holds them: an application, a server, a file."""
