"""A simulated world and a local server that speaks the vendors' contracts. Nothing here is used in production."""
