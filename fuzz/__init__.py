"""What `make fuzz` runs: damaged exports through the real loader, which must account for every row of them."""
