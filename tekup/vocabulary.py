"""The words of values that sources deliver: channels, industries, languages, countries. No sentence is made here."""

from tekup.language import Words

CHANNELS: Words = {
    "paid_search": ("Betalt søgning", "Paid search"),
    "paid_social": ("Betalt social", "Paid social"),
    "organic_search": ("Organisk søgning", "Organic search"),
    "organic_social": ("Organisk social", "Organic social"),
    "email": ("E-mail", "E-mail"),
    "referral": ("Henvisning", "Referral"),
    "display": ("Bannere", "Display"),
    "direct": ("Direkte", "Direct"),
    "events": ("Events", "Events"),
    "other": ("Andet", "Other"),
    "unknown": ("Ukendt", "Unknown"),
    "(unattributed)": ("(uden berøring)", "(unattributed)"),
    "(baseline)": ("(uden kanaler)", "(without channels)"),
    "(not set)": ("(ikke angivet)", "(not set)"),
}
INDUSTRIES: Words = {
    "construction": ("byggeri", "construction"),
    "software": ("software", "software"),
    "retail": ("detailhandel", "retail"),
    "manufacturing": ("produktion", "manufacturing"),
    "hospitality": ("hotel og restauration", "hospitality"),
    "finance": ("finans", "finance"),
    "public": ("det offentlige", "the public sector"),
    "real_estate": ("ejendomme", "real estate"),
    "agriculture": ("landbrug", "agriculture"),
    "logistics": ("logistik", "logistics"),
}
LANGUAGES: Words = {
    "da": ("dansk", "Danish"),
    "en": ("engelsk", "English"),
    "de": ("tysk", "German"),
    "sv": ("svensk", "Swedish"),
    "no": ("norsk", "Norwegian"),
}
COUNTRIES: Words = {
    "DK": ("Danmark", "Denmark"),
    "SE": ("Sverige", "Sweden"),
    "NO": ("Norge", "Norway"),
    "DE": ("Tyskland", "Germany"),
    "GB": ("Storbritannien", "United Kingdom"),
    "US": ("USA", "United States"),
}
