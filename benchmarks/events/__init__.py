"""What the event bus withstands and costs: kills under load, idle streams."""
