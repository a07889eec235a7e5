"""The kernel's own commands. Each other package brings its own."""
