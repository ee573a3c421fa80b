"""A small POSIX shell that runs emulated commands on an emulated node, and nothing anywhere else."""
