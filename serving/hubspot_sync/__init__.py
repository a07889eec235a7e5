"""The CRM and HubSpot kept alike, both ways. Pulling HubSpot into the warehouse is the pipelines' business."""
