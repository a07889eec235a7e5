"""The door for vendors' webhooks: proven, stored, answered. What they hint at is read by the pipelines."""
