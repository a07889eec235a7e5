"""Requests to export or erase a person. The pipelines work them off: the API may not write the warehouse."""
