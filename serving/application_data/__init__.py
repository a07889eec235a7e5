"""Documents that applications of a tenant store, each held to its application's JSON schema."""
