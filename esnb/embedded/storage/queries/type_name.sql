SELECT name FROM types WHERE number = ?
