"""Who calls, for which tenant, and what he may do. What a domain asks for stands in the domain's own auth module."""
