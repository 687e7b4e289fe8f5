"""What a title says by itself, on real headlines: signs and order, not decimals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.news.endings import Endings
from adapters.news.lexicon import TitleLexicon, Words, market_words, read_words, spelled
from trading.errors import Halt

LEXICON = TitleLexicon()

GOOD = (
    "NEO ($NEO) price is up 20.99%",
    "WLD Price Surges 14% as Worldcoin Launches in Ecuador, Plans Return to Kenya",
    "$XRP Price Surges as SEC Case Against Ripple Turns in Favor of Crypto Firm",
    "SEC drops Ethereum investigation to avoid ‘embarrassing’ court case",
    "NEO reaches record high",
    "Bitcoin reclaims blockchain dominance post-BTC halving",
    "1inch partners with Blockaid to combat DeFi fraud and cyber threats",
    "Tether Partners With KriptonMarket To Support USDT Acceptance In Argentina",
    "FLOKI Listed on Major South Korean Exchange, Shibarium Beta Hits Epic Milestone",
    "Blockchain developers launch $50M fund to increase Wormhole adoption",
    "Ripple’s Case: Lawyer Predicts Total Victory If Judge Agrees To Jury Decision",
    "Kraken recovers $3 million from CertiK, ending bug bounty saga",
)
BAD = (
    "Swaprum DEX Drained in $3M Crypto Rugpull",
    "Ordinals Finance has conducted a $1M rug pull: CertiK",
    "THEKEY ICO Scam Alert!",
    "Major crypto selloff as markets tumble",
    "Bitcoin Slumps Under $64K Amid Historic ‘Negative’ Sentiment",
    "XRP Faces Extended Bearish Pressure At $0.4937 Amid Market Weakness",
    "Bitcoin ETFs Continue Bleeding — $140 Million Outflow Registered",
    "FTX leadership sues Sam Bankman-Fried over $220M deal made prior to bankruptcy",
    "SEC claims XRP is a security due to centralized nature - FinanceFeeds",
    "Coinbase to Suspend XRP Trading Following SEC Suit Against Ripple - CoinDesk",
    "BitFlyer USA Fined $1.2M by NYDFS for Not Meeting Cybersecurity Requirements",
    "Watch these BTC price levels as Bitcoin threatens to lose $27K support",
    "Bug in Aave v2 Polygon causes some assets to become stuck in contracts",
)
NEUTRAL = (
    "NFT Smart Contracts: What They Are and How They Work",
    "South Korean Financial Regulatory Employees Sold their Bitcoin Before Restrictions Announcement",
    "How to Buy Bitcoin (BTC) with a Credit Card: Step-by-Step Guide to Entering the Cryptocurrency World",
    "US House Financial Services Committee Holds Stablecoin Hearing To Discuss Dueling Partisan Regulatory Proposals",
    "Filecoin to Participate in Ethereum Community Conference in Brussels on July 10th",
    "Here’s what happened in crypto today",
    "Warren Buffett returns to tell us about his crypto experience so far",
    "Lightning Network Debuts On Blockstream Store As New Strides Announced",
)


@pytest.mark.parametrize("title", GOOD)
def test_good_news(title):
    """Real titles that a person calls good are above 0.55."""
    assert LEXICON.value(title) > 0.55


@pytest.mark.parametrize("title", BAD)
def test_bad_news(title):
    """Real titles that a person calls bad are below 0.45."""
    assert LEXICON.value(title) < 0.45


@pytest.mark.parametrize("title", NEUTRAL)
def test_no_news(title):
    """Real titles that say nothing either way stay within 0.05 of the middle, whatever VADER thinks of "trust"."""
    assert LEXICON.value(title) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("Dogecoin soars 30%", "Dogecoin rises 2%"),
        ("Solana dips", "Solana crashes"),
        ("Traders buy the dip in Ethereum", "Ethereum dips"),
        ("Shorts liquidated as Bitcoin moves", "Longs liquidated as Bitcoin moves"),
        ("Avalanche exchange hacked? All funds are safe", "Avalanche exchange hacked"),
        ("SEC approves spot Ethereum ETF", "SEC rejects spot Ethereum ETF"),
        ("Judge: XRP is not a security", "Judge: XRP is a security"),
        ("Bitcoin hits all-time high", "Bitcoin hits all-time low"),
        ("ETH +5%", "ETH -5%"),
        ("Tether regains peg", "Tether loses its peg"),
        ("Bitcoin golden cross", "Bitcoin death cross"),
        ("Is Bitcoin crashing?", "Bitcoin is crashing"),
    ],
)
def test_order(better, worse):
    """Of two titles the better one has the higher value: strength, phrases, approvals, pegs; a question claims less."""
    assert LEXICON.value(better) > LEXICON.value(worse)


@pytest.mark.parametrize(
    ("negated", "plain"),
    [
        ("Analysts are not bullish on Solana", "Analysts are bullish on Solana"),
        ("Bitcoin isn’t bullish", "Bitcoin is bullish"),
        ("Dogecoin fails to recover", "Dogecoin recovers"),
        ("Tether is no longer a scam", "Tether is a scam"),
        ("Binance denies hack", "Binance suffers a hack"),
        ("Exchange refutes insolvency", "Exchange faces insolvency"),
        ("Bitcoin is far from dead", "Bitcoin is dead"),
        ("Bitcoin won't crash, says analyst", "Bitcoin will crash, says analyst"),
        ("Avalanche avoids outage", "Avalanche hit by outage"),
        ("No evidence of hack", "Evidence of hack"),
        ("No signs of insolvency at Binance", "Signs of insolvency at Binance"),
        ("Exchange unlikely to default", "Exchange likely to default"),
    ],
)
def test_negation(negated, plain):
    """Not, no longer, denies, fails to and the like turn the mood of what follows to the other side of the middle."""
    assert (LEXICON.value(negated) - 0.5) * (LEXICON.value(plain) - 0.5) < 0


ENDED = (
    ("Fear of crash fades", "Fear of crash grows"),
    ("Fear of a Bitcoin crash fades", "Fear of a Bitcoin crash"),
    ("Hack averted", "Hack confirmed"),
    ("Hack averted as Bitcoin moves", "Hack confirmed as Bitcoin moves"),
    ("Outage avoided, says Solana", "Outage, says Solana"),
    ("Bear market is over", "Bear market is here"),
    ("Crypto winter is finally over!", "Crypto winter is finally here!"),
    ("Insolvency claims denied by exchange", "Insolvency claims by exchange"),
    ("Criticisms Tether's reserves are unfounded, says Bitfinex CTO", "Criticisms Tether's reserves face"),
    ("Bull run over, says analyst", "Bull run starts, says analyst"),
    ("Rally ends at $30K", "Rally at $30K"),
    ("Tether Burns $102M: Is Bitcoin's Rally Almost Over?", "Tether Burns $102M: Bitcoin's Rally"),
    ("How to prepare for the end of the bull run", "How to prepare for the bull run"),
)


@pytest.mark.parametrize(("ended", "plain"), ENDED)
def test_what_ends_is_not_what_it_ends(ended, plain):
    """What fades, is over, averted or denied turns to the other side: an ended fear is good, an ended rally bad."""
    assert (LEXICON.value(ended) - 0.5) * (LEXICON.value(plain) - 0.5) < 0


@pytest.mark.parametrize(
    ("title", "good"),
    [
        ("Bear market is not over", False),
        ("Bear market far from over", False),
        ("Bitcoin slides over weekend", False),
        ("Hack drains exchange, Bitcoin ends week unchanged", False),
        ("Bitcoin surges as hack fears fade", True),
        ("Bitcoin ends week higher", True),
        ("Lawsuit dismissed", True),
        ("Etf denied", False),
        ("Bitcoin never been more bullish", True),
        ("Bitcoin has never been so bullish", True),
        ("Bitcoin has never looked stronger", True),
        ("Bitcoin has never been hacked", True),
        ("No better time to buy Bitcoin", True),
        ("Bitcoin is no better than a Ponzi scheme", False),
        ("Inflation falls to 2%", True),
        ("Inflation rises to 9%", False),
    ],
)
def test_endings_and_never_turn_no_more_than_they_say(title, good):
    """An ending that is denied, or done to something else, ends nothing; "never been more" denies nothing."""
    value = LEXICON.value(title)
    assert value > 0.55 if good else value < 0.45


SAID = ["hack", "fears", "of", "rally", "not", "crash", "fades", "over", "is", "ended,", "averted?", "as", "bitcoin"]


@given(st.lists(st.sampled_from(SAID)))
def test_an_ending_takes_no_word_but_itself(words):
    """Whatever has ended: every other word of the title is still there, in its order, and only "not" came along."""
    endings = Endings(
        {"fades", "is over", "ended", "averted"}, {"hack": -2, "fears": -1, "rally": 2, "crash": -2}, {}, {"not"}
    )
    kept = [word for word in endings.rewritten(" ".join(words)).split() if word not in {"not", ",", "?"}]
    left = iter(words)
    assert all(word in left for word in kept)
    gone = {"fades", "is", "over", "ended,", "averted?", "not"}
    assert [word for word in kept if word not in gone] == [word for word in words if word not in gone]


@pytest.mark.parametrize(
    ("phrase", "word"),
    [("Moon landing delayed", "Solana to the moon"), ("Hard fork next week", "Hack next week"), ("rug-pull", "rug")],
)
def test_a_phrase_is_not_its_words(phrase, word):
    """A phrase has a meaning of its own: a hard fork is no hack, a moon landing no rally, a rug pull no carpet."""
    assert LEXICON.value(phrase) < LEXICON.value(word) or abs(LEXICON.value(phrase) - 0.5) < 0.05


def test_a_word_without_a_mood_cannot_be_intensified():
    """A word whose mood is taken away has none under "most" or "very" either."""
    assert LEXICON.value("The most important security of a very huge trust") == 0.5


def test_a_gap_holds_up_to_three_words():
    """Between the ends of a phrase the name of a coin may stand, but not half a sentence."""
    words = Words({}, {"halts withdrawals": -4.0}, ("halts * withdrawals",), frozenset())
    own = TitleLexicon(words)
    assert own.value("Bank halts all customer coin withdrawals") < 0.2
    assert own.value("Bank halts one two three four withdrawals") == 0.5


def test_spelling():
    """Case, hyphens, curly quotes, amounts and percentages are spelled one way."""
    assert spelled("  “Sell-Off” — ETH’s down −5.5% / $3M  ") == "sell off eth's down down percent amount"


@given(st.text(max_size=300))
def test_any_text_has_a_value(title):
    """Whatever the title, its value lies in [0, 1] and is the same the second time."""
    value = LEXICON.value(title)
    assert 0 <= value <= 1
    assert LEXICON.value(title) == value


@given(st.sampled_from([*GOOD, *BAD]))
def test_case_does_not_matter(title):
    """A title in capitals says what it says in small letters."""
    assert LEXICON.value(title.upper()) == LEXICON.value(title.lower())


def test_the_shipped_lexicon_has_no_doubles():
    """Every term stands in the file once, and there are hundreds."""
    words = market_words()
    counted = [*words.words, *words.phrases, *words.negators, *words.boosters]
    assert len(counted) == len(set(counted)) > 500


@pytest.mark.parametrize(
    "line", ["bull 2", "bull\ttwo\twhy", "bull\t9\twhy", "\t1\twhy", "sell-off\t-1\twhy", "a * b * c\t1\twhy"]
)
def test_a_broken_lexicon_is_refused(line):
    """A line without three columns, off the scale, or with a term that no title can contain halts with its number."""
    with pytest.raises(Halt, match="line 2"):
        read_words(f"# comment\n{line}")
