"""What the benchmark and the hostile runs share: the farm, measured runs, peers, tables."""
