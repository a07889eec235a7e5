"""Imports: rows of a table file as records of the CRM, with a dry run.

Files past some thousand rows are `tekup import`'s."""
