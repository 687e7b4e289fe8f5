"""Tasks: a named retry policy times a function of ours. Arguments are keys and small values, never frames."""
