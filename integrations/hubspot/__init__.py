"""HubSpot CRM through its official SDK."""
