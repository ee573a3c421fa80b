"""One simulated node: its disk, its processes, its parts. All of it is made when somebody first looks."""
