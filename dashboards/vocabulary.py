"""The domain's words in both languages: channels, statuses, models, sources. Sentences live in `dashboards.texts`.

The headline figures' words are not written here: they come from where the figures are defined.
"""

from tekup.language import Words, say
from tekup.metrics import METRICS, MONTHLY_METRICS
from tekup.vocabulary import CHANNELS, COUNTRIES, INDUSTRIES, LANGUAGES

__all__ = [
    "CHANNELS",
    "COUNTRIES",
    "FIGURES",
    "FIGURE_DEFINITIONS",
    "INDUSTRIES",
    "LANGUAGES",
    "MODELS",
    "RUN_STATUSES",
    "STATUSES",
    "TOUCH_KINDS",
    "VENDORS",
    "Words",
    "say",
]

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
_DEFINED = METRICS | MONTHLY_METRICS
FIGURES: Words = {name: (metric.label_da, metric.label) for name, metric in _DEFINED.items()}
FIGURE_DEFINITIONS: Words = {name: (metric.description_da, metric.description) for name, metric in _DEFINED.items()}
