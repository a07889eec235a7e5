"""Checks on the data of each tenant. When they run is decided by the assets that they belong to."""
