"""What a column means: the canonical feeds, and how a vendor's headers and cells say them."""
