"""Every definition of the code location; the loader imports all that lies here, so nothing else may."""
