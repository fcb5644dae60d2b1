-- The log of the embedded EventStoreDB server.
-- Positions are given by the server, so an event's row id is its position.
CREATE TABLE streams (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE types (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    type INTEGER NOT NULL,
    created INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    body BLOB NOT NULL
);

CREATE UNIQUE INDEX events_of_stream ON events (stream, revision);
