"""Leads of the operational database, with their scores. How a score is made is the scores domain's affair."""
