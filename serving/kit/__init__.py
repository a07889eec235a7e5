"""What every endpoint shares: problem documents, sessions, cursors, request ids, metrics. No domain is known here."""
