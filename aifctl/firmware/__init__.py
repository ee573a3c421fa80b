"""Which firmware runs on each node, which is only flashed, and how both stand to a baseline."""
