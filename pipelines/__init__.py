"""Dagster: assets, checks, schedules and sensors over the packages that do the work. No maths lives here."""
