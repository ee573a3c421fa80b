"""Values that describe the fleet: nodes, topology, nodesets, selectors, lifecycle. Nothing here does I/O."""
