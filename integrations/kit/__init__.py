"""Kit v4 over httpx: the vendor offers no SDK."""
