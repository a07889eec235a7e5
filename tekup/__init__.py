"""The kernel: settings, tenancy, errors, database doors. It knows no framework and none of the other packages."""
