"""Running the probe on nodes, and opening the envelope that it answers with."""
