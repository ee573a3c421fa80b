"""Who may do what to which node: guards, plan hash, locks, audit."""
