"""Keys and sealed fields. Which field is sealed is decided where it is stored."""
