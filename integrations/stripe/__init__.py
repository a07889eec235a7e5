"""Stripe through its official SDK."""
