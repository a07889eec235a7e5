"""Frozen shapes that cross packages. What is done with them is the packages' affair.

Importing the package registers every type of event.
"""

from tekup.contracts import automation_events, crm_events, events, experiment_events, form_events, workspace_events

__all__ = ["automation_events", "crm_events", "events", "experiment_events", "form_events", "workspace_events"]
