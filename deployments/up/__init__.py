"""``trader up``: everything on its schedule on one machine, until it is stopped; what it knows outlives it."""
