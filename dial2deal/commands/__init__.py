"""Commands by topic; ``dial2deal.cli`` puts them together."""
