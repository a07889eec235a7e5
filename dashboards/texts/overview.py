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
    "attention_title": ("Hvad skal ses på?", "What needs a look?"),
    "attention_help": (
        "De seneste syv hele dage mod op til 26 uger før, hver uge for sig. En uge er usædvanlig, når den ligger mere "
        "end 3,5 robuste standardafvigelser fra det midterste.",
        "The last seven whole days beside up to 26 weeks before, week by week. A week is unusual when it lies more "
        "than 3.5 robust standard deviations from the middle one.",
    ),
    "attention_open": ("Se mere", "Look"),
    "attention_none": (
        "Intet usædvanligt: tallene ligger, hvor de plejer, kilderne er friske, og alle kontroller er i orden.",
        "Nothing unusual: the figures lie where they usually do, the sources are fresh and all checks pass.",
    ),
    "attention_unusual": (
        "**{figure}**: {value} på syv dage; plejer at ligge mellem {low} og {high}.",
        "**{figure}**: {value} in seven days; usually between {low} and {high}.",
    ),
    "attention_unusual_level": (
        "**{figure}** ændrede sig {value} på syv dage; plejer at ændre sig mellem {low} og {high}.",
        "**{figure}** changed by {value} in seven days; usually by between {low} and {high}.",
    ),
    "attention_checks": (
        "**Kontroller, der fejler:** {count} ({names}).",
        "**Checks that fail:** {count} ({names}).",
    ),
    "attention_late": (
        "**{source}** er forsinket: sidst hentet for {age} siden.",
        "**{source}** is late: last pulled {age} ago.",
    ),
    "attention_failing": ("**{source}** kan ikke hentes: {error}", "**{source}** can't be pulled: {error}"),
    "attention_never": ("**{source}** er aldrig hentet.", "**{source}** has never been pulled."),
    "moves_title": ("Hvad flyttede sig, og hvorfor?", "What moved, and why?"),
    "moves_help": (
        "Periodens ændring delt på grupper, så delene giver hele ændringen.",
        "The period's change split by groups, so that the parts sum to the whole change.",
    ),
    "figure": ("Nøgletal", "Figure"),
    "split_by": ("Del efter", "Split by"),
    "segment_country": ("Land", "Country"),
    "others": ("Øvrige", "Others"),
    "unknown": ("Ukendt", "Unknown"),
    "before": ("Før", "Before"),
    "now": ("Nu", "Now"),
    "effect_change": ("Ændring", "Change"),
    "effect_volume": ("heraf antal", "of it volume"),
    "effect_mix": ("heraf blanding", "of it mix"),
    "effect_rate": ("heraf udbytte", "of it yield"),
    "moves_effects_lead": (
        "Antal: flere eller færre nye leads. Blanding: de kom fra andre grupper. Udbytte: en større eller mindre del "
        "blev til noget. De tre giver ændringen.",
        "Volume: more or fewer new leads. Mix: they came from other groups. Yield: a larger or smaller part got this "
        "far. The three sum to the change.",
    ),
    "moves_effects_value": (
        "Antal: flere eller færre salg. Blanding: de faldt i andre grupper. Udbytte: et salg var mere eller mindre "
        "værd. De tre giver ændringen.",
        "Volume: more or fewer sales. Mix: they fell in other groups. Yield: a sale was worth more or less. The three "
        "sum to the change.",
    ),
    "moves_most": (
        "Mest flyttede **{segment}**: {part} af en ændring på {change}.",
        "**{segment}** moved most: {part} of a change of {change}.",
    ),
    "moves_lead_volume": (
        "Det vejer mest, at antallet af nye leads ændrede sig ({part}).",
        "What weighs most is that the number of new leads changed ({part}).",
    ),
    "moves_lead_mix": (
        "Det vejer mest, at leads kom fra andre grupper ({part}).",
        "What weighs most is that leads came from other groups ({part}).",
    ),
    "moves_lead_rate": (
        "Det vejer mest, hvor stor en del af leads der nåede så langt ({part}).",
        "What weighs most is how large a part of the leads got this far ({part}).",
    ),
    "moves_value_volume": (
        "Det vejer mest, at antallet af salg ændrede sig ({part}).",
        "What weighs most is that the number of sales changed ({part}).",
    ),
    "moves_value_mix": (
        "Det vejer mest, at salgene faldt i andre grupper ({part}).",
        "What weighs most is that sales fell in other groups ({part}).",
    ),
    "moves_value_rate": (
        "Det vejer mest, hvad et salg var værd ({part}).",
        "What weighs most is what a sale was worth ({part}).",
    ),
    "moves_none": ("Intet ændrede sig.", "Nothing changed."),
    "moves_alt": ("Vandfald: {figure} fra før til nu", "Waterfall: {figure} from before to now"),
    "empty_moves": ("Nøgletallet er nul i begge perioder.", "The figure is zero in both periods."),
}
