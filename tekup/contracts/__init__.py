"""Frozen shapes that cross packages. What is done with them is the packages' affair."""
