"""One thing on many nodes at once: source, width, dialling, deadlines, shards, journal."""
