"""Charts from frames. Nothing here reads a database or knows where a chart is shown."""
