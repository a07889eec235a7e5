"""The API under load beside an empty endpoint and beside model servers that serve the same trees."""
