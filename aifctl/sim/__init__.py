"""The simulated fleet: real SSH servers on loopback that emulate nodes and never execute anything."""
