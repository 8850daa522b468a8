"""Campaigns: drawn moves by the million, done by contract and model, and compared after each."""
