"""What a simulated node is made of beneath the probe: a fake NVML, fake trees of sysfs and proc, and their faults."""
