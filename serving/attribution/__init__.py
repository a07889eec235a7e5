"""Credit by channel, as the last attribution left it. Computing it belongs to the pipelines."""
