"""What every floor above may rely on: errors, exit codes, outcomes, units, reports."""
