"""Automation: when something happens, and a condition holds, then something is done. How events travel is
the log's affair."""
