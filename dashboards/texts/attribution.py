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
        "Kanaler i rækkefølge i de {days} dage op til salget, for salg i de seneste {period} dage.",
        "Channels in order in the {days} days up to the sale, for sales in the last {period} days.",
    ),
    "path": ("Vej", "Path"),
    "empty_paths": ("Ingen salg med kendte berøringer i perioden.", "No sales with known touchpoints in the period."),
    "empty_attribution": (
        "Ingen salg at fordele endnu. Siden fyldes, når de første leads er vundet og modellerne har kørt.",
        "No sales to share out yet. This page fills once the first leads are won and the models have run.",
    ),
    "thin_attribution": (
        "Kun {count} salg: tag fordelingen som et fingerpeg.",
        "Only {count} sales: take the shares as a hint.",
    ),
}
