"""GraphQL over the services that REST has: one more way to ask, with the same permissions, trail and limits."""
