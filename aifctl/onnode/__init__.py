"""Programs that run on a node: standard library and pynvml, Python 3.6 and newer; they import nothing of ours."""
