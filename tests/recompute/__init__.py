"""The demo's numbers anew: plain Python on its raw files, sharing neither code nor definitions with the product."""
