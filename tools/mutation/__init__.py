"""How many small faults in the contracts do campaign and tests find? ``make mutate`` answers."""
