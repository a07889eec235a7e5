"""Who exists: tenants, their users, API tokens and vendor connections. What they may do is decided where they do it."""
