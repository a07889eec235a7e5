"""The commands that pull, build, train, import and report."""
