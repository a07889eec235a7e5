"""A tenant's figures by day, as the last build left them."""
