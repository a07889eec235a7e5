"""Experiments: who gets which variant, and what the outcomes show. Where either is kept is not known here."""
