"""The European Central Bank's euro reference rates, read from its CSV file. Storing and converting are elsewhere."""
