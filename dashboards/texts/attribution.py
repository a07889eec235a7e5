"""Sentences of attribution."""

from tekup.language import Words

TEXTS: Words = {
    "attribution_title": ("Hvilke kanaler tjener pengene?", "Which channels earn the money?"),
    "attribution_caption": (
        "De samme salg fordelt på kanaler efter forskellige modeller. Vi ser {days} dage tilbage fra hvert salg; "
        "beregnet {time}.",
        "The same sales shared among channels by different models. Looking back {days} days from each sale, "
        "reckoned {time}.",
    ),
    "models": ("Modeller", "Models"),
    "measure": ("Mål", "Measure"),
    "measure_conversions": ("Salg", "Sales"),
    "measure_value": ("Værdi", "Value"),
    "axis_value": ("Værdi ({currency})", "Value ({currency})"),
    "comparison_title": ("Kanal for kanal", "Channel by channel"),
    "comparison_alt": (
        "Søjlediagram: {measure} pr. kanal efter hver model",
        "Bar chart: {measure} per channel by each model",
    ),
    "choose_model": ("Vælg mindst én model.", "Choose at least one model."),
    "credit_title": ("Kredit og afkast", "Credit and return"),
    "credit_model": ("Model", "Model"),
    "spend": ("Udgift", "Spend"),
    "roas": ("Afkast (ROAS)", "Return (ROAS)"),
    "roas_help": (
        "Tilskrevet værdi delt med udgift. Over 1 betyder, at kanalen tjener mere end den koster.",
        "Credited value divided by spend. Above 1 the channel earns more than it costs.",
    ),
    "cost_per_sale": ("Pris pr. salg", "Cost per sale"),
    "interval": ("95 %-interval", "95% interval"),
    "campaigns_title": ("Kampagne for kampagne", "Campaign by campaign"),
    "credit_channel": ("Kanal", "Channel"),
    "no_campaign": ("(ingen kampagne)", "(no campaign)"),
    "lead_number": ("Leads", "Leads"),
    "cost_per_lead": ("Pris pr. lead", "Cost per lead"),
    "campaigns_caption": (
        "Salg og værdi er tilskrevet efter {model}; leads er talt, hvor de kom ind.",
        "Sales and value are credited by {model}; leads are counted where they came in.",
    ),
    "empty_campaigns": (
        "Kanalen har hverken salg, udgift eller leads efter denne model.",
        "The channel has no sales, spend or leads by this model.",
    ),
    "journeys_title": ("Hvor lang er vejen?", "How long is the path?"),
    "axis_lag_days": ("Dage fra første berøring til salg", "Days from the first touch to the sale"),
    "axis_path_length": ("Berøringer før salget", "Touches before the sale"),
    "distribution_alt": ("Søjlediagram: salg efter {measure}", "Bar chart: sales by {measure}"),
    "total": ("I alt", "Total"),
    "spend_alt": (
        "Søjlediagram: tilskrevet værdi og udgift pr. kanal",
        "Bar chart: credited value and spend per channel",
    ),
    "currency": ("Valuta", "Currency"),
    "paths_title": ("De almindeligste veje til et salg", "The commonest paths to a sale"),
    "paths_caption": (
        "Kanaler i rækkefølge i de {days} dage op til salget; den samme kanal flere gange i træk tæller som én.",
        "Channels in order in the {days} days up to the sale; the same channel several times in a row counts once.",
    ),
    "path": ("Vej", "Path"),
    "empty_paths": ("Ingen salg med kendte berøringer.", "No sales with known touchpoints."),
    "empty_attribution": (
        "Ingen salg at fordele endnu. Siden fyldes, når de første leads er vundet og modellerne har kørt.",
        "No sales to share out yet. This page fills once the first leads are won and the models have run.",
    ),
    "thin_attribution": (
        "Kun {count} salg: tag fordelingen som et fingerpeg.",
        "Only {count} sales: take the shares as a hint.",
    ),
    "campaigns_open": ("Budget og tempo pr. kampagne", "Budget and pace by campaign"),
    "path_through": ("Gennem kanalen", "Through the channel"),
    "path_any": ("Alle veje", "All paths"),
    "path_steps": ("Viste berøringer", "Touches shown"),
    "path_sale": ("Salg", "Sale"),
    "path_more": ("Flere berøringer", "More touches"),
    "path_alt": (
        "Sankey-diagram: fra den første berøring til salget, kanal for kanal",
        "Sankey diagram: from the first touch to the sale, channel by channel",
    ),
    "path_share": (
        "Vist: {shown} af {whole} salg med kendte berøringer ({share}).",
        "Shown: {shown} of {whole} sales with known touches ({share}).",
    ),
    "path_rate": ("Blev til salg", "Became a sale"),
    "path_rate_help": (
        "Blev til salg: af dem, der gik netop denne vej, den andel, der købte.",
        "Became a sale: of those who went exactly this way, the share that bought.",
    ),
    "overlap_title": ("Hvilke kanaler følges ad?", "Which channels go together?"),
    "overlap_caption": (
        "Af de salg, som rækkens kanal var med i, den andel, hvor kolonnens kanal også var med.",
        "Of the sales that the row's channel took part in, the share in which the column's channel did too.",
    ),
    "overlap_share": ("Andel af rækkens salg", "Share of the row's sales"),
    "budget_title": ("Hvad hvis budgettet blev flyttet?", "What if the budget moved?"),
    "budget_rate": ("Budget, mod nu", "Budget, beside now"),
    "budget_rate_help": (
        "100 % er den gennemsnitlige udgift pr. uge.",
        "100% is the mean spend a week.",
    ),
    "budget_change": ("En kanal må flyttes", "A channel may move by"),
    "budget_change_help": (
        "Hvor langt fra sin udgift i dag en kanal må komme. Små skridt er sikrere: kurverne kender kun det, der er "
        "prøvet.",
        "How far from its spend of today a channel may go. Small steps are safer: curves know only what was tried.",
    ),
    "budget_spend": ("Udgift pr. uge nu", "Spend a week now"),
    "budget_spend_help": (
        "Gennemsnittet af de hele uger, som kurverne bygger på.",
        "The mean of the whole weeks that the curves rest on.",
    ),
    "budget_proposed": ("Udgift pr. uge foreslået", "Spend a week proposed"),
    "budget_proposed_help": (
        "Fordelt, så den næste krone giver det samme i alle kanaler, inden for grænserne.",
        "Split so that the next unit returns the same in all channels, within the limits.",
    ),
    "budget_gain": ("Forventet gevinst", "Expected gain"),
    "budget_gain_help": (
        "Tilskrevet værdi pr. uge med det foreslåede budget, minus den med budgettet i dag.",
        "Credited value a week with the proposed budget, less that with today's.",
    ),
    "budget_interval": ("90 %-interval", "90% interval"),
    "budget_interval_help": (
        "Fra 300 gentagelser af kurverne over blokke af uger. Ændringer i markedet er ikke med.",
        "From 300 refits of the curves over blocks of weeks. It does not cover changes of the market.",
    ),
    "budget_unsure": (
        "Gevinsten er ikke sikker: intervallet rummer også ingen gevinst. Prøv et lille skridt, og mål det med et "
        "forsøg.",
        "The gain is not sure: its interval also holds no gain. Try a small step and measure it by an experiment.",
    ),
    "budget_caption": (
        "Kurver med aftagende udbytte, uge for uge, af værdi tilskrevet efter {model}.",
        "Curves of diminishing returns, week by week, of value credited by {model}.",
    ),
    "budget_not_incremental": (
        "Kurverne bygger på en model, der ikke spørger, hvad der var gået tabt uden kanalen. De kan love for meget.",
        "The curves rest on a model that does not ask what would have been lost without the channel. They may promise "
        "too much.",
    ),
    "budget_left_out": (
        "Uden forslag: {channels}. De har udgift i færre end {weeks} uger.",
        "Without a proposal: {channels}. They have spend in fewer than {weeks} weeks.",
    ),
    "budget_now": ("Nu pr. uge", "Now, a week"),
    "budget_then": ("Foreslået pr. uge", "Proposed, a week"),
    "axis_spend": ("Udgift ({currency})", "Spend ({currency})"),
    "budget_alt": (
        "Søjlediagram: udgift pr. kanal nu og foreslået",
        "Bar chart: spend per channel now and proposed",
    ),
    "budget_extrapolated": (
        "\\* mere, end der nogen sinde er brugt på en uge: et gæt ud over det, der er prøvet.",
        "\\* more than was ever spent in a week: a guess beyond what was tried.",
    ),
    "budget_weeks": ("Højst {weeks} hele uger.", "At most {weeks} whole weeks."),
    "empty_budget": (
        "Der skal to kanaler med udgift i mindst 12 uger til, før et budget kan flyttes med mening.",
        "Two channels with spend in at least 12 weeks are needed before a budget can be moved with reason.",
    ),
}
