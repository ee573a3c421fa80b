"""The probe on a simulated node: what its sections read of healthy hardware, once; then patched per node and per fault."""
