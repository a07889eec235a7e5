"""Tests that mirror integrations/."""
