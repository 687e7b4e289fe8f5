"""Words that end what was said before them: after "fear of a crash fades" neither fear nor a crash is left.

VADER negates what follows a "not", never what comes before "fades" or "is over". Such a title is therefore written as
VADER reads it: the ending goes, and a "not" stands before the moods that it ended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

NEGATION = "not"
REACH = 4
"""How many words before an ending the mood that it ends may stand: "bear market is finally over"."""
SCOPE = 2
"""How many words after the first mood a "not" still reaches in VADER."""
LONGEST = 4
"""Words of the longest phrase and of the longest ending."""

PARTS = frozenset({
    "after", "amid", "and", "as", "because", "before", "but", "by", "despite", "says", "since", "than", "to", "when",
    "while", "with",
})  # fmt: skip
"""What begins another part of a title, which an ending does not reach: "surges as fears fade"."""
CLOSES = (PARTS - {"than", "to"}) | {"at", "following", "for", "from", "in", "on", "report", "reports", "say", "thanks"}
"""What may follow an ending. Anything else is its object: "SEC eases rules" ends nothing that was said before."""
JOINS = frozenset({"of", "for", "over", "about"})
"""What joins two moods that are not side by side into one: "fear of a crash"."""
HOLDS = frozenset({"from", "yet", "no", "longer"})
"""Before an ending: "far from over", "not yet over"; besides what negates."""
STOPS = (",", ".", "!", "?")
"""What may stand behind a word and ends a part of a title."""


class Endings:
    """Rewrites what has ended; ``words`` and ``phrases`` are the moods by term, ``negations`` what keeps one going."""

    def __init__(
        self,
        terms: Collection[str],
        words: Mapping[str, float],
        phrases: Mapping[str, float],
        negations: Collection[str],
    ) -> None:
        self._terms, self._words, self._phrases, self._negations = frozenset(terms), words, phrases, negations

    def rewritten(self, text: str) -> str:
        """The text with "not" before what has ended, and without the endings that ended it."""
        tokens = text.split()
        at = 0
        while at < len(tokens):
            size = self._ending(tokens, at)
            marks = list(self._ended(tokens, at)) if size else []
            if marks:
                stop = next((one for one in STOPS if tokens[at + size - 1].endswith(one)), "")
                tokens[at : at + size] = [stop] if stop else []
                for mark in reversed(marks):
                    tokens.insert(mark, NEGATION)
                at += len(marks)
            else:
                at += 1
        return " ".join(tokens)

    def _ending(self, tokens: list[str], at: int) -> int:
        """How many words the ending at a place has; 0 for none, one denied, one of a phrase and one with an object."""
        before = tokens[at - 1] if at else ""
        if before in HOLDS or before in self._negations or before.endswith("n't"):
            return 0
        if f"{before} {tokens[at].rstrip(''.join(STOPS))}" in self._phrases:
            return 0
        for size in range(min(LONGEST, len(tokens) - at), 0, -1):
            term, rest = " ".join(tokens[at : at + size]), tokens[at + size :]
            closed = not rest or rest[0] in CLOSES or term.endswith(STOPS)
            if closed and term.rstrip("".join(STOPS)) in self._terms:
                return size
        return 0

    def _ended(self, tokens: list[str], at: int) -> Iterator[int]:
        """Where a "not" must stand, so that each mood of the part of the title before a place is turned, once."""
        begin = at
        while begin and tokens[begin - 1] not in PARTS and not tokens[begin - 1].endswith(STOPS):
            begin -= 1
        near, ended = at, list[int]()
        for one in reversed(list(self._moods(tokens[:at], begin))):
            joined = near in (at, one + 1) or not JOINS.isdisjoint(tokens[one:near])
            if near - one > REACH or not joined:
                break  # said of something else
            near, ended = one, [one, *ended]
        reached = -1
        for one in ended:
            if one > reached:
                reached = one + SCOPE
                yield one

    def _moods(self, tokens: list[str], at: int) -> Iterator[int]:
        """Where words and phrases with a mood begin."""
        while at < len(tokens):
            terms = {
                size: " ".join(tokens[at : at + size]) for size in range(LONGEST, 1, -1) if at + size <= len(tokens)
            }
            size = next((size for size, term in terms.items() if term in self._phrases), 1)
            if self._phrases[terms[size]] if size > 1 else self._words.get(tokens[at]):
                yield at
            at += size
