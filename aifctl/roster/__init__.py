"""Reading the inventory: YAML, its cache, import and export."""
