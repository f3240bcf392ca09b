"""Full phone numbers for the one document that may show them: the Excel call list, when policy says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dial2deal import warehouse
from dial2deal.settings import Settings


def lookup(settings: Settings) -> Callable[[Iterable[str]], dict[str, str]]:
    """A function from customer keys to E.164 numbers; it opens the warehouse only when it is called."""

    def numbers(customer_keys: Iterable[str]) -> dict[str, str]:
        with warehouse.session(settings) as con:
            return dict(
                con.execute(
                    "select customer_key, phone_e164 from core.customer_phones where customer_key in (select unnest(?))",
                    [list(customer_keys)],
                ).fetchall()
            )

    return numbers
