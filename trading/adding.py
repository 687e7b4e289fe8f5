"""Adding to a position in levels: where the next level is and how much it adds (strategy.md, "Positions"; optional)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from trading.errors import BadInput
from trading.money import JPY, Price, Quantity


@dataclass(frozen=True, slots=True)
class AddLevel:
    """One level: ``price_offset`` yen from the first entry (below 0: on the way down), times the first size."""

    level: int
    price_offset: Decimal
    lot_multiplier: Decimal

    def __post_init__(self) -> None:
        if self.level < 1 or self.price_offset == 0 or self.lot_multiplier <= 0:
            raise BadInput(
                f"add level {self.level}: it counts from 1, with an offset that is not 0 and a multiplier above 0"
            )


@dataclass(frozen=True, slots=True)
class AddPlan:
    """The levels of one position, at most ``max_levels`` of them, measured from its first entry price and size."""

    max_levels: int
    level_configs: tuple[AddLevel, ...]
    first_price: Price[JPY]
    first_size: Quantity
    done: int = 0

    def __post_init__(self) -> None:
        if [config.level for config in self.level_configs] != list(range(1, len(self.level_configs) + 1)):
            raise BadInput("add levels count 1, 2, 3 ... in their order")

    def due(self, price: Price[JPY]) -> Quantity | None:
        """How many coins the next level adds at this price; None when it is not reached or there is none left."""
        if self.done >= min(self.max_levels, len(self.level_configs)):
            return None
        config = self.level_configs[self.done]
        moved = price.number - self._same_coin(price).number
        reached = moved <= config.price_offset if config.price_offset < 0 else moved >= config.price_offset
        return Quantity(self.first_size.number * config.lot_multiplier, self.first_size.coin) if reached else None

    def _same_coin(self, price: Price[JPY]) -> Price[JPY]:
        """The first price, after the types have checked that ``price`` is of the same coin."""
        _ = price / self.first_price
        return self.first_price
