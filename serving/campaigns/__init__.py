"""What campaigns need beside being records: a day's spend told again and again, the pace of a budget, links.

Campaigns and their spend themselves are resources of the CRM.
"""
