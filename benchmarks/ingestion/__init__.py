"""Pulls measured beside peers and beside the floor. The product never imports this."""
