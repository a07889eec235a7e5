"""The HTTP API over the operational database and the marts. No pipeline and no page lives here."""
