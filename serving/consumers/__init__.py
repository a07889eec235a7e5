"""Following the log: cursors, effects done once, retries, dead letters. What is done is the reactions' affair."""
