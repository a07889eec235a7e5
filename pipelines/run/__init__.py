"""The main job: set-up, pull, build, train, score, attribute, check, and a summary. Each stage runs as Dagster jobs."""
