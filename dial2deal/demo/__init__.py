"""Demo exports of an invented company, with the truth about what was planted in them."""

from dial2deal.demo.exports import DemoError, write_exports

__all__ = ["DemoError", "write_exports"]
