"""What text from nodes means: readings, findings, incidents, scopes. Pure: no I/O, no library of the outside."""
