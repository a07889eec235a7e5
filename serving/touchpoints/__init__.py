"""Collecting touchpoints from web pages and servers. What channel one belongs to is decided in the warehouse."""
