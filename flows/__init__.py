"""One story per file; each body reads as a table of contents."""
