"""The domain's words in both languages: channels, statuses, models, sources. Sentences live in `dashboards.texts`.

The headline figures' words are not written here: they come from where the figures are defined.
"""

from tekup.language import Words, say
from tekup.metrics import METRICS, MONTHLY_METRICS
from tekup.vocabulary import CHANNELS, COUNTRIES, INDUSTRIES, LANGUAGES

__all__ = [
    "CHANNELS",
    "COUNTRIES",
    "DRIFT_SUBJECTS",
    "FEEDBACK",
    "FIGURES",
    "FIGURE_DEFINITIONS",
    "INDUSTRIES",
    "LANGUAGES",
    "MODELS",
    "MODEL_ACTIONS",
    "MODEL_KINDS",
    "MODEL_MEASURES",
    "MODEL_VERDICTS",
    "RUN_STATUSES",
    "SLICE_NAMES",
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
MODEL_KINDS: Words = {
    "lead_score": ("Leadscore", "Lead score"),
    "deal_value": ("Salgets værdi", "Deal value"),
    "conversion_time": ("Tid til salg", "Time to conversion"),
    "subscription_churn": ("Opsigelse", "Subscription churn"),
}
MODEL_VERDICTS: Words = {
    "promote": ("Taget i brug", "Promoted"),
    "challenge": ("Må udfordre", "May challenge"),
    "reject": ("Afvist", "Rejected"),
}
MODEL_ACTIONS: Words = {
    "promote": ("Tog i brug", "Promoted"),
    "rollback": ("Gik tilbage til", "Rolled back to"),
    "challenge": ("Lod udfordre", "Let challenge"),
    "dismiss": ("Afviste", "Dismissed"),
}
MODEL_MEASURES: Words = {
    "roc_auc": ("Rangorden (ROC AUC)", "Ranking (ROC AUC)"),
    "pr_auc": ("Præcision (PR AUC)", "Precision (PR AUC)"),
    "log_loss": ("Log-tab", "Log loss"),
    "brier": ("Brier", "Brier"),
    "ece": ("Kalibreringsfejl (ECE)", "Calibration error (ECE)"),
    "lift_at_10": ("Løft i bedste tiendedel", "Lift in the top tenth"),
    "base_rate": ("Andel, der blev kunder", "Share that became customers"),
    "mean_absolute_error": ("Gennemsnitlig fejl", "Mean error"),
    "gamma_deviance": ("Gamma-afvigelse", "Gamma deviance"),
    "total_ratio": ("Forudsagt i alt mod faktisk", "Predicted total over actual"),
    "coverage": ("Dækning af intervallet", "Coverage of the interval"),
}
DRIFT_SUBJECTS: Words = {
    "feature": ("Leads", "Leads"),
    "score": ("Scorer", "Scores"),
    "calibration": ("Kalibrering", "Calibration"),
}
FEEDBACK: Words = {
    "agree": ("Den passer", "It is right"),
    "too_low": ("Leadet er bedre", "The lead is better"),
    "too_high": ("Leadet er dårligere", "The lead is worse"),
}
SLICE_NAMES: Words = {
    "language": ("Sprog", "Language"),
    "country": ("Land", "Country"),
    "industry": ("Branche", "Industry"),
    "source": ("Kilde", "Source"),
}
_DEFINED = METRICS | MONTHLY_METRICS
FIGURES: Words = {name: (metric.label_da, metric.label) for name, metric in _DEFINED.items()}
FIGURE_DEFINITIONS: Words = {name: (metric.description_da, metric.description) for name, metric in _DEFINED.items()}
