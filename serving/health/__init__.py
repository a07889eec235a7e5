"""Whether this process lives, whether it can serve, and its counters. No tenant's data is here."""
