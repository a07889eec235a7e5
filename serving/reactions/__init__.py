"""What the platform does by itself when something happened: the consumers that tie its services together."""
