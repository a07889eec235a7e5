"""Files into the operational tables: read, mapped, checked row by row, loaded whole or not at all."""
