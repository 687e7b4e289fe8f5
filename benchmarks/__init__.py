"""What performance claims are made of: ratios within one run on one machine, never seconds against a limit."""
