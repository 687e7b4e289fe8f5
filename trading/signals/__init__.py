"""One pure judge per file: each turns what was observed into a score in [-1, +1], positive in favour of buying."""
