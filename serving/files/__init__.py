"""What is known of files that belong to records: name, kind, size, digest and where each lies.

Their bytes lie elsewhere."""
