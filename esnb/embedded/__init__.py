"""The development server that speaks EventStoreDB's gRPC protocol.

From the inside out: `record` (what the log holds), `memory_log` and
`sqlite_log` (where it holds it), `stream_index` (where each stream stands),
`versioning` (what an append or a delete may do), `truncation` (what a read may
see), `searching` (regular expressions that hold up nobody), `store` and `reading`
(all of these as one store of streams), `committer` (group commit), `catch_up`
(subscriptions), `node` (a running store), the packages `persistent` and
`projections` over it, and the protocol: the `*_service` modules with `read_call`
and `batch_append`. `endpoint` serves them, and `__main__` starts it all.
"""
