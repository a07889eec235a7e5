"""What a language model reads out of a lead's text: asked with consent, within a budget, once. No Dagster here."""
