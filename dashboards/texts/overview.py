"""Sentences of the overview."""

from tekup.language import Words

TEXTS: Words = {
    "overview_title": ("Overblik", "Overview"),
    "period": ("Periode", "Period"),
    "period_days": ("{days} dage", "{days} days"),
    "period_caption": (
        "Fra {first} til {last}, sammenlignet med de {days} dage før.",
        "From {first} to {last}, compared with the {days} days before.",
    ),
    "with_currency": ("{figure} ({currency})", "{figure} ({currency})"),
    "trend_alt": ("Søjlediagram: {title} fra {first} til {last}", "Bar chart: {title} from {first} to {last}"),
    "months_title": ("Abonnementer pr. måned", "Subscriptions by month"),
    "months_caption": (
        "{month}, den seneste måned, der er slut. Linjen viser op til tolv måneder.",
        "{month}, the latest month that has ended. The line shows up to twelve months.",
    ),
    "freshness_title": ("Er data friske?", "Is the data fresh?"),
    "fresh": ("Frisk", "Fresh"),
    "late": ("Forsinket", "Late"),
    "failing": ("Fejler", "Failing"),
    "never": ("Aldrig hentet", "Never pulled"),
    "ago": ("{age} siden", "{age} ago"),
    "empty_overview": (
        "Ingen nøgletal endnu. De kommer, når dine data er hentet første gang.",
        "No key figures yet. They appear once your data has been pulled the first time.",
    ),
    "empty_sources": (
        "Ingen kilder er forbundet endnu. Forbind en med `tekup connect`.",
        "No sources are connected yet. Connect one with `tekup connect`.",
    ),
}
