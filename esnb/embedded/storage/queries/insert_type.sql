INSERT INTO types (number, name) VALUES (?, ?)
