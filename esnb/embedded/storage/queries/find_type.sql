SELECT number FROM types WHERE name = ?
