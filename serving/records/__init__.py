"""Records of the operational database over HTTP: one way to list, make, change and delete them, whatever they are.

A resource says what is particular: its table, its shapes, its events and what has to be settled before it is stored.
"""
