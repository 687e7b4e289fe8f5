"""The rules of trading: pure functions and values. No network, no clock, no randomness, no vendor."""
