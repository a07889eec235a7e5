"""Money as integer minor units with a currency. Exchange rates do not live here."""

from dataclasses import dataclass

MINOR_DIGITS = {
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3, "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0,
    "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0,
    "XPF": 0,
}  # fmt: skip
"""Minor digits by ISO 4217 code where they are not two."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (øre, cents) of one currency."""

    cents: int
    currency: str

    def __str__(self) -> str:
        digits = MINOR_DIGITS.get(self.currency, 2)
        return f"{self.cents / 10**digits:,.{digits}f} {self.currency}"
