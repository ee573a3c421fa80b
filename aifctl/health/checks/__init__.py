"""One file a check, each ending in CHECK (aifctl.diagnosis.check)."""
