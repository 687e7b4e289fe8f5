"""Described, typed configuration, and the one place where ports meet adapters (``blocks.desk``)."""
