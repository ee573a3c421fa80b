"""How a report is written: a drawer of formats, and the folding of equal results."""
