"""Coincheck's REST API over the simulated market: signed, rate limited, with the habits of the real one."""
