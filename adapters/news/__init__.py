"""News: the provider's posts, and what a title says by itself."""

from adapters.news.lexicon import TitleLexicon

__all__ = ["TitleLexicon"]
