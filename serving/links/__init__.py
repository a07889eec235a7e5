"""Links of campaigns: building them, and the tenant's rules of how sources, mediums and campaigns are named."""
