"""The verbs over a selection: run, script, push, pull, shell, runs, nodes, find, inventory, trust, doctor."""
