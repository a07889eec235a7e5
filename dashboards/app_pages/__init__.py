"""The pages that people open, one file each. They ask queries and hand frames to charts."""
