"""The system projections: streams of links that EventStoreDB keeps about all the others.

`source_event` (what a projection sees of a record), `category` and `rules`
(what each emits for it), `links` (the metadata of what is emitted),
`emitted_streams` (how far a stream of links has come), `system_projection`
(one projection's state), `register` (their settings and checkpoints in the
log), `throttle` and `projector` (the task that runs them behind the appends).
"""
