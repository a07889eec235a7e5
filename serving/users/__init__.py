"""The tenant's users as its administrators see them: invited, changed, shut out, and who may do what."""
