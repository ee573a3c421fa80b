"""One file per section: LIMIT_S, and read(root, arguments) → a dict of raw data, or NotHere, or Trouble."""
