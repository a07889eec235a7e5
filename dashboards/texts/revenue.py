"""Sentences of revenue."""

from tekup.language import Words

TEXTS: Words = {
    "page_revenue": ("Omsætning", "Revenue"),
    "revenue_title": ("Hvad bliver der tilbage hver måned?", "What stays every month?"),
    "empty_revenue": (
        "Ingen abonnementer endnu. Forbind Stripe, så kommer tallene ved næste hentning.",
        "No subscriptions yet. Connect Stripe, and the figures come with the next pull.",
    ),
    "mrr_now": ("MRR ({currency})", "MRR ({currency})"),
    "definition_mrr_now": (
        "Hvad de løbende abonnementer i {currency} koster om måneden lige nu. {count} kunder.",
        "What the running subscriptions in {currency} cost a month as of now. {count} customers.",
    ),
    "waterfall_title": ("Hvad flyttede MRR?", "What moved MRR?"),
    "waterfall_caption": (
        "Fra begyndelsen af {first} til nu: åbning, bevægelser og slut i {currency}.",
        "From the beginning of {first} until now: opening, movements and closing in {currency}.",
    ),
    "waterfall_alt": ("Vandfaldsdiagram: {parts}", "Waterfall: {parts}"),
    "move_opening": ("Åbning", "Opening"),
    "move_closing": ("Slut", "Closing"),
    "move_new": ("Nye", "New"),
    "move_expansion": ("Udvidet", "Expansion"),
    "move_reactivation": ("Kommet igen", "Reactivated"),
    "move_contraction": ("Indskrænket", "Contraction"),
    "move_churn": ("Opsagt", "Churn"),
    "retention_title": ("Fastholdelse pr. måned", "Retention by month"),
    "retention_caption": (
        "NRR og GRR for hele måneder, i {currency}. Over 100 % vokser de kunder, I allerede har.",
        "NRR and GRR of whole months, in {currency}. Above 100% the customers you already have grow.",
    ),
    "retention_alt": ("Kurver: NRR og GRR pr. måned", "Lines: NRR and GRR by month"),
    "forecast_mrr_title": ("Hvor går MRR hen?", "Where does MRR go?"),
    "forecast_mrr_caption": (
        "Fortsætter MRR som i de seneste {count} måneder, er det {value} om {months} måneder; med 95 % sikkerhed "
        "mellem {low} og {high}.",
        "If MRR goes on as in the last {count} months, it is {value} in {months} months; with 95% certainty between "
        "{low} and {high}.",
    ),
    "forecast_mrr_thin": (
        "En prognose kræver mindst syv hele måneder med MRR.",
        "A forecast needs at least seven whole months of MRR.",
    ),
    "forecast_mrr_alt": ("Kurve: MRR og prognose med interval", "Line: MRR and forecast with interval"),
    "cohort_title": ("Hvor længe bliver kunderne?", "How long do customers stay?"),
    "cohort_measure": ("Vis", "Show"),
    "cohort_logo_retention_rate": ("Kunder", "Customers"),
    "cohort_mrr_retention_rate": ("MRR", "MRR"),
    "cohort_caption": (
        "Hver række er de kunder, der begyndte i en måned; hver kolonne en måned senere. Tallet er den del, der er "
        "tilbage.",
        "Each row is the customers who began in a month; each column a month later. The figure is the part that is "
        "left.",
    ),
    "cohort_alt": ("Varmekort: andel tilbage efter måneder", "Heat map: share left after months"),
    "axis_months_since": ("Måneder siden start", "Months since the start"),
    "axis_share_left": ("Andel tilbage", "Share left"),
    "empty_cohorts": ("Ingen kohorter endnu.", "No cohorts yet."),
    "churn_title": ("Hvem er ved at sige op?", "Who is about to leave?"),
    "churn_caption": (
        "Chancen for at abonnementet ender inden for 90 dage. Af {count} løbende abonnementer ventes {expected} at "
        "ende: {risk} af {mrr} MRR.",
        "The chance that the subscription ends within 90 days. Of {count} running subscriptions {expected} are "
        "expected to end: {risk} of {mrr} MRR.",
    ),
    "churn_thin": (
        "{count} af dem har for lidt historie: deres chance bygger mest på de andre.",
        "{count} of them have too little history: their chance rests mostly on the others.",
    ),
    "empty_churn": (
        "Ingen forudsigelser endnu. De kommer, når modellen for opsigelser har kørt.",
        "No predictions yet. They come once the model of churn has run.",
    ),
    "customer": ("Kunde", "Customer"),
    "product": ("Produkt", "Product"),
    "churn_chance": ("Chance for opsigelse", "Chance of leaving"),
    "at_risk": ("MRR i fare", "MRR at risk"),
    "predictors_title": ("Hvad forudsigelserne bygger på", "What the predictions rest on"),
    "predictors_caption": (
        "Hvor meget hvert forhold i gennemsnit flytter chancen for opsigelse, og for hvor mange det trækker op eller "
        "ned.",
        "How much each fact moves the chance of leaving on average, and for how many it raises or lowers it.",
    ),
    "predictor": ("Forhold", "Fact"),
    "predictor_weight": ("Gennemsnitlig vægt", "Mean weight"),
    "predictor_raises": ("▲ trækker op for", "▲ raises it for"),
    "predictor_lowers": ("▼ trækker ned for", "▼ lowers it for"),
    "back_title": ("Refusioner og indsigelser", "Refunds and disputes"),
    "back_caption": (
        "Penge betalt tilbage, og penge trukket på grund af indsigelser, i {currency} de seneste {months} måneder.",
        "Money paid back, and money withdrawn by disputes, in {currency} over the last {months} months.",
    ),
    "back_alt": ("Søjlediagram: refusioner og indsigelser pr. måned", "Bar chart: refunds and disputes by month"),
    "refunded": ("Refunderet", "Refunded"),
    "disputed": ("Indsigelser", "Disputed"),
    "no_back": ("Ingen refusioner eller indsigelser i perioden.", "No refunds or disputes in the period."),
    "dispute": ("Indsigelse", "Dispute"),
    "reason": ("Årsag", "Reason"),
    "made": ("Oprettet", "Made"),
    "evidence_due": ("Svar senest", "Answer by"),
    "month": ("Måned", "Month"),
}
