INSERT INTO streams (number, name) VALUES (?1, ?2)
