INSERT INTO streams (number, name) VALUES (?, ?)
