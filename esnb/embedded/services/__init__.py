"""The gRPC services of the embedded server."""
