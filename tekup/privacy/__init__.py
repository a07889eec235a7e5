"""A person's data across the whole system: found, exported, erased, and kept from coming back. Where it lies is told by
each package through entry points."""
