"""The parameters of a strategy, by what they are for; ``trading.strategy`` puts them together and checks the whole."""
