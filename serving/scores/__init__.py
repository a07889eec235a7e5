"""Scores of leads by the live model. Training and the nightly batch belong to the pipelines."""
