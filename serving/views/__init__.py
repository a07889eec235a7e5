"""Saved views: filters, order and columns of a list under a name. How a list is read, its own domain knows."""
