DELETE FROM events;
DELETE FROM types;
DELETE FROM streams;
