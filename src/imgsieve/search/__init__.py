"""Search among features: Hamming and vector self-joins, and groups."""
