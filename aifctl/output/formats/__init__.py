"""The drawer of formats: one file, one FORMAT."""
