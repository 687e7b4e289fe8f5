"""Great Expectations as the engine of the quality rules, and its Data Docs as pages that open without a network."""

from adapters.expectations.docs import Case, build_docs
from adapters.expectations.validator import ExpectationsValidator

__all__ = ["Case", "ExpectationsValidator", "build_docs"]
