"""Commands that serving adds to `tekup`."""
