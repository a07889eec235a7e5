"""Contacts, companies, deals, pipelines, activities and campaigns. How records are stored is known to `records`."""
