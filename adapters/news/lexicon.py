"""What a title says, 0 (bad) to 1 (good), by its words: VADER's rules with a lexicon of this market on top.

VADER brings negation, intensifiers and a lexicon of everyday English; ``crypto_lexicon.tsv`` beside this file brings
what words mean here. Deterministic: the same title always has the same value (docs/decisions/0012).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from vader import SentimentIntensityAnalyzer

from adapters.news.endings import NEGATION, Endings
from trading.errors import Halt

NEUTRAL = 0.5
QUESTION_FACTOR = 0.5
"""A question claims nothing: its distance from neutral is halved."""

VERY, ENDED = "very", "ended"
"""In the file, beside NEGATION: what strengthens the next words, and what ends the mood of the words before."""
STRONGEST = 4.0
"""VADER's scale goes from -4 to +4."""

PERCENT = re.compile(r"(^|\s)([+\N{MINUS SIGN}-]?)\$?\d[\d.,]*\s?%")
MOVES = {"+": " up percent", "-": " down percent", "\N{MINUS SIGN}": " down percent", "": " percent"}
MONEY = re.compile(r"\$\d[\d.,]*\s?(?:(?:k|m|mn|b|bn|million|billion|trillion)\b)?")
SEPARATOR = re.compile(r"[^\w\s'!?$.,%\U0001F000-\U0001FAFF]+")
APOSTROPHES = str.maketrans({"\u2018": "'", "\u2019": "'"})


GAP = " * "
"""In a term: up to three words may stand here, mostly names of coins."""


class Words(NamedTuple):
    """A lexicon file: valences of words, of phrases and of phrases with a gap, what negates, strengthens and ends."""

    words: dict[str, float]
    phrases: dict[str, float]
    gapped: tuple[str, ...]
    negators: frozenset[str]
    boosters: frozenset[str] = frozenset()
    endings: frozenset[str] = frozenset()


class TitleLexicon:
    """Values titles; made once, shared by threads."""

    def __init__(self, words: Words | None = None) -> None:
        ours, plain = words or market_words(), SentimentIntensityAnalyzer()
        single = {term for term in ours.negators if " " not in term}
        # A word that VADER has a mood for cannot negate, and one of mood 0 would get a mood from an intensifier.
        mute = single | {word for word, valence in ours.words.items() if valence == 0}
        moods = {word: valence for word, valence in {**plain.lexicon, **ours.words}.items() if word not in mute}
        phrases, negations = {**plain.multiword, **ours.phrases}, plain.negations | single
        self._vader = SentimentIntensityAnalyzer(moods, multiword=phrases, negations=negations)
        self._endings = Endings(ours.endings, moods, phrases, negations)
        self._rewrites = [
            *map(_closed, ours.gapped),
            *((_whole(term), VERY) for term in sorted(ours.boosters)),
            *((_whole(term), NEGATION) for term in sorted(ours.negators - single)),
        ]

    def value(self, title: str) -> float:
        """The value of a title, 0 to 1; 0.5 says nothing either way."""
        text = spelled(title)
        for pattern, term in self._rewrites:
            text = pattern.sub(term, text)
        text = self._endings.rewritten(text)
        mood = self._vader.polarity_scores(text)["compound"]
        if text.endswith("?"):
            mood *= QUESTION_FACTOR
        return NEUTRAL + mood / 2


def spelled(title: str) -> str:
    """A title as the lexicon spells it: small letters, hyphens and quotes gone, ``20.5%`` and ``$3M`` as words."""
    text = title.lower().translate(APOSTROPHES)
    text = PERCENT.sub(lambda found: MOVES[found.group(2)], text)
    text = MONEY.sub("amount ", text)
    return " ".join(SEPARATOR.sub(" ", text).split())


def _whole(term: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(term)}\b")


def _closed(term: str) -> tuple[re.Pattern[str], str]:
    """What finds a term with a gap, and the term without it."""
    begin, end = term.split(GAP)
    return re.compile(rf"\b{re.escape(begin)} (?:\S+ ){{0,3}}{re.escape(end)}\b"), f"{begin} {end}"


@cache
def market_words() -> Words:
    """The lexicon of this market, as shipped. Raises Halt when the file is broken."""
    return read_words(files("adapters.news").joinpath("crypto_lexicon.tsv").read_text("utf-8"))


def read_words(text: str) -> Words:
    """A lexicon file: lines ``spelling|spelling <tab> valence, not, very or ended <tab> why``.

    Raises Halt for a broken line.
    """
    words: dict[str, float] = {}
    phrases: dict[str, float] = {}
    gapped: list[str] = []
    turning: dict[str, set[str]] = {NEGATION: set(), VERY: set(), ENDED: set()}
    for terms, mood in _lines(text):
        if isinstance(mood, str):
            turning[mood].update(terms)
            continue
        gapped += [term for term in terms if GAP in term]
        for term in terms:
            (phrases if " " in term else words)[term.replace(GAP, " ")] = mood
    return Words(words, phrases, tuple(gapped), *(frozenset(turning[kind]) for kind in (NEGATION, VERY, ENDED)))


def _lines(text: str) -> Iterator[tuple[list[str], float | str]]:
    """Terms of each line that says something, and their valence, or the word for what they do to others."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            terms, mood, _why = line.split("\t")
            valence = mood if mood in {NEGATION, VERY, ENDED} else float(mood)
        except ValueError:
            terms, valence = "", NEGATION
        spellings = terms.split("|")
        known = all(term and spelled(term) == term.replace(GAP, " ") and term.count(GAP) <= 1 for term in spellings)
        if not known or (isinstance(valence, float) and not -STRONGEST <= valence <= STRONGEST):
            form = "term|term <tab> -4 to 4, not, very or ended <tab> why"
            msg = f"the lexicon's line {number} is not '{form}': {line[:60]!r}"
            raise Halt(msg)
        yield spellings, valence
