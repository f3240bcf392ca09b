"""What `make bench` runs: cost of loading, building and publishing as ratios of one run on one machine."""
