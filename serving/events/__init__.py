"""The log of events as the API shows it: pages, types, streams that stay open, and what consumers left aside."""
