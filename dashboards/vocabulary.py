"""The domain's words in both languages: channels, statuses, models, sources. Sentences live in `dashboards.texts`.

The headline figures' words are not written here: they come from where the figures are defined.
"""

from collections.abc import Mapping

from dashboards.formats import MISSING, Language
from tekup.metrics import METRICS

Words = Mapping[str, tuple[str, str]]

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
STATUSES: Words = {
    "new": ("Ny", "New"),
    "contacted": ("Kontaktet", "Contacted"),
    "qualified": ("Kvalificeret", "Qualified"),
    "won": ("Vundet", "Won"),
    "lost": ("Tabt", "Lost"),
}
MODELS: Words = {
    "first": ("Første berøring", "First touch"),
    "last": ("Sidste berøring", "Last touch"),
    "last_non_direct": ("Sidste ikke-direkte", "Last non-direct"),
    "linear": ("Lineær", "Linear"),
    "time_decay": ("Tidsvægtet", "Time decay"),
    "position": ("Positionsbaseret", "Position-based"),
    "w_shaped": ("W-formet", "W-shaped"),
    "full_path": ("Hele vejen", "Full path"),
    "custom": ("Egne vægte", "Custom weights"),
    "participation": ("Deltagelse", "Participation"),
    "markov": ("Markov", "Markov"),
    "shapley": ("Shapley", "Shapley"),
    "incremental": ("Meropnåeligt", "Incremental"),
}
TOUCH_KINDS: Words = {
    "view": ("Visning", "View"),
    "click": ("Klik", "Click"),
    "visit": ("Besøg", "Visit"),
    "email_open": ("E-mail åbnet", "E-mail opened"),
    "email_click": ("Klik i e-mail", "E-mail clicked"),
    "form": ("Formular sendt", "Form sent"),
    "call": ("Opkald", "Call"),
    "meeting": ("Møde", "Meeting"),
}
VENDORS: Words = {
    "operational": ("TekUp CRM", "TekUp CRM"),
    "hubspot": ("HubSpot", "HubSpot"),
    "stripe": ("Stripe", "Stripe"),
    "kit": ("Kit", "Kit"),
    "openai": ("OpenAI", "OpenAI"),
}
RUN_STATUSES: Words = {
    "running": ("Kører", "Running"),
    "succeeded": ("Lykkedes", "Succeeded"),
    "failed": ("Fejlede", "Failed"),
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
FIGURES: Words = {name: (metric.label_da, metric.label) for name, metric in METRICS.items()}
FIGURE_DEFINITIONS: Words = {name: (metric.description_da, metric.description) for name, metric in METRICS.items()}
COUNTRIES: Words = {
    "DK": ("Danmark", "Denmark"),
    "SE": ("Sverige", "Sweden"),
    "NO": ("Norge", "Norway"),
    "DE": ("Tyskland", "Germany"),
    "GB": ("Storbritannien", "United Kingdom"),
    "US": ("USA", "United States"),
}


def say(words: Words, key: str | None, language: Language) -> str:
    """The word for ``key``; a key without one is shown as it is, with blanks for underscores."""
    if key is None:
        return MISSING
    pair = words.get(key)
    if pair is None:
        return key.replace("_", " ")
    return pair[0] if language is Language.DA else pair[1]
