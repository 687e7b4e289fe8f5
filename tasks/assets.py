"""What our flows make, as Prefect assets: each event of one says what was made, from what, and by which task.

    @materialize(DECISIONS, asset_deps=[CANDLES, FORECASTS, NEWS, CONTEXT], task_run_name="book", **WRITE)
    def book_decision(…):
        …
        made(DECISIONS, desk=desk, decision_id=…, record_id=…)

A key names a kind of thing, not one thing: an asset is a place that is filled again and again, and its events are the
history. Which decision it was stands in the event's metadata. A server of one's own keeps them as events, under Events
in the UI: ``prefect.asset.materialization.succeeded`` for what was made, ``prefect.asset.referenced`` for each input.
"""

from __future__ import annotations

from prefect.assets import Asset, AssetProperties
from prefect.context import AssetContext


def _asset(key: str, name: str, description: str) -> Asset:
    return Asset(key=f"trader://{key}", properties=AssetProperties(name=name, description=description))


CANDLES = _asset("candles", "Candles", "Closed 5-minute candles of the analysis venue, as stored.")
NEWS = _asset("news", "News readings", "The mood of the news by pair.")
CONTEXT = _asset("context", "Market context", "Fear and greed, funding, dominance, USD/JPY.")
FORECASTS = _asset("forecasts", "Forecasts", "The next hour of each pair, and what came of it.")
RECORDS = _asset("lineage", "Records", "What each decision was made from, chained by day.")
DECISIONS = _asset("decisions", "Decisions", "Signals and intents, booked.")
ORDERS = _asset("orders", "Orders", "What became of each intent at the venue.")
ARCHIVE = _asset("archive", "Archive", "What the tables forget, by table and day.")


def made(asset: Asset, **said: str) -> None:
    """Say which one was made, as metadata of the event. Nothing is said where no asset is made: in a plain call."""
    context = AssetContext.get()
    if context is not None and asset in context.downstream_assets:
        before = context.materialization_metadata.get(asset.key, {})
        context.add_asset_metadata(asset.key, {name: _joined(before.get(name), text) for name, text in said.items()})


def _joined(before: str | None, text: str) -> str:
    """What a run says of several things that it makes; what holds of all of them is said once."""
    return text if before in {None, text} else f"{before}, {text}"
