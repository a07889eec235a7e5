"""Experiments over HTTP: drafting, starting and deciding them, who gets which variant, and what came of it.

The rule of assignment and the statistics stand in `tekup.experiments`.
"""
