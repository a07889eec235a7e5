"""A tenant's figures by day and by month, as the last build left them."""
