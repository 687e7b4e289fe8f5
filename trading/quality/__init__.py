"""What data must be before it is traded on: rules as data, and what was found wrong."""
