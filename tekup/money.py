"""Money as integer minor units with a currency. Exchange rates do not live here."""

from dataclasses import dataclass

MINOR_DIGITS = {"JPY": 0, "ISK": 0, "KRW": 0}
"""Minor digits by ISO 4217 code where they are not two."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (øre, cents) of one currency."""

    cents: int
    currency: str

    def __str__(self) -> str:
        digits = MINOR_DIGITS.get(self.currency, 2)
        return f"{self.cents / 10**digits:,.{digits}f} {self.currency}"
