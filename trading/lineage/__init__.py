"""Where a decision came from: its inputs by id and hash, records chained by day."""
