"""Webhooks that go out to tenants' own programs: endpoints, deliveries, attempts. Those that come in are `webhooks`."""
