"""Fleet health: sweep, status, incidents, mutes; its checks are a drawer."""
