"""The world's telephone countries: calling codes, trunk digits and the patterns of their numbers (countries.csv)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("countries.csv")
HOME_OF_PARSE = "CN"


@dataclass(frozen=True)
class Country:
    """One region (ISO 3166). Patterns are of national numbers without the trunk digits, for RE2 and Python alike."""

    region: str
    code: str
    trunk: str
    lengths: tuple[int, ...]
    is_common: bool
    person_pattern: str
    service_pattern: str

    @property
    def prefix(self) -> str:
        """What may stand before a national number: its own country code, the trunk digits."""
        return f"(?:(?:[+]|00)?{self.code})?(?:{self.trunk})?" if self.trunk else f"(?:(?:[+]|00)?{self.code})?"

    def may_be(self, digits: str) -> str:
        """SQL condition that the SQL ``digits`` is a person's number of this country, however it was dialled."""
        return f"regexp_full_match({digits}, '{self.prefix}(?:{self.person_pattern})')"


@cache
def all_countries() -> dict[str, Country]:
    """Every country by its region."""
    with _FILE.open(encoding="utf-8", newline="") as handle:
        return {
            row["region"]: Country(
                row["region"],
                row["code"],
                row["trunk"],
                tuple(map(int, row["lengths"].split(","))),
                bool(row["is_common"]),
                row["person_pattern"],
                row["service_pattern"],
            )
            for row in csv.DictReader(handle)
        }


def find(text: str) -> Country | None:
    """The country of ``IN``, ``91`` or ``+91``; of a code that several share its largest, None for anything else."""
    wanted = text.strip().lstrip("+")
    if wanted.upper() in all_countries():
        return all_countries()[wanted.upper()]
    main = {"1": "US", "7": "RU", "44": "GB", "39": "IT", "61": "AU", "47": "NO"}.get(wanted)
    return all_countries()[main] if main else next((c for c in all_countries().values() if c.code == wanted), None)


@cache
def international_pattern() -> str:
    """Pattern of +, a calling code other than China's and as many digits as its numbers may have."""
    lengths: dict[str, set[int]] = {}
    for country in all_countries().values():
        if country.region != HOME_OF_PARSE:
            lengths.setdefault(country.code, set()).update(country.lengths)
    # A zone of short local numbers would make every mutilated number a good one.
    kinds = {code: sorted(n for n in found if n >= 7 or n == max(found)) for code, found in lengths.items()}
    first = {
        code: "[2-9][0-9]{9}" if code == "1" else "|".join(f"[0-9]{{{n}}}" for n in found)
        for code, found in kinds.items()
    }
    return "[+](?:" + "|".join(f"{code}(?:{rest})" for code, rest in sorted(first.items())) + ")"
