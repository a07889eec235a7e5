"""Persons in the warehouse, the lake and what vendors send: found, erased, and kept out of what is loaded."""
