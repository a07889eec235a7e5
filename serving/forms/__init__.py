"""Forms: leads that web pages send in, each once, with consent, and without spam. What a lead is, leads know."""
