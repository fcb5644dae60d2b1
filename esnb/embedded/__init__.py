"""The development server that speaks EventStoreDB's gRPC protocol.

From the inside out: `record` (what the log holds), `memory_log` and
`sqlite_log` (where it holds it), `stream_index` (where each stream stands),
`versioning` (what an append or a delete may do), `truncation` (what a read may
see), `store` (all of these as one store of streams), `catch_up` (subscriptions)
and `grpc_surface` (the protocol). `server` starts it.
"""
