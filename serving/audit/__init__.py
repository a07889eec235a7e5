"""The audit trail as its tenant sees it, and the task that seals it. What is written there is `serving.kit.audit`'s."""
