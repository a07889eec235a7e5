"""Sentences of the leads and of one lead."""

from tekup.language import Words

TEXTS: Words = {
    "leads_title": ("Hvem skal du ringe til først?", "Whom should you call first?"),
    "leads_caption": (
        "Sorteret efter {order}. Viser {shown} af {total} leads.",
        "Ranked by {order}. Showing {shown} of {total} leads.",
    ),
    "call_first": ("Ring først", "Call first"),
    "open_lead": ("Åbn", "Open"),
    "all_leads": ("Alle leads", "All leads"),
    "points": ("procentpoint", "percentage points"),
    "age_days": ("Alder (dage)", "Age (days)"),
    "search": ("Søg", "Search"),
    "search_hint": ("Navn, firma, e-mail eller titel", "Name, company, e-mail or title"),
    "status": ("Status", "Status"),
    "grade": ("Karakter", "Grade"),
    "grade_help": (
        "A er den tiendedel, der oftest bliver kunde; E er den svageste gruppe.",
        "A is the tenth that most often becomes a customer; E is the weakest group.",
    ),
    "source": ("Kilde", "Source"),
    "probability": ("Sandsynlighed", "Probability"),
    "probability_help": (
        "Kalibreret: af 100 leads med 20 % bliver omkring 20 kunder.",
        "Calibrated: of 100 leads at 20%, about 20 become customers.",
    ),
    "reasons": ("Vigtigste grunde", "Top reasons"),
    "reasons_help": ("▲ trækker op, ▼ trækker ned.", "▲ raises the probability, ▼ lowers it."),
    "no_reasons": ("Ikke scoret endnu.", "Not scored yet."),
    "name": ("Navn", "Name"),
    "company": ("Firma", "Company"),
    "job_title": ("Titel", "Title"),
    "age": ("Alder", "Age"),
    "value": ("Værdi", "Value"),
    "nameless": ("Uden navn", "No name"),
    "select_hint": ("Vælg en række for at se hele historien.", "Select a row to see the whole story."),
    "timeline": ("Berøringer", "Touchpoints"),
    "timeline_alt": ("Prikdiagram: leadets berøringer over tid", "Dot plot: the lead's touchpoints over time"),
    "empty_timeline": ("Ingen berøringer kendt for dette lead.", "No touchpoints are known for this lead."),
    "time": ("Tid", "Time"),
    "kind": ("Hvad", "What"),
    "channel": ("Kanal", "Channel"),
    "campaign": ("Kampagne", "Campaign"),
    "landing_page": ("Side", "Page"),
    "empty_leads": (
        "Ingen leads endnu. De kommer fra din hjemmeside, dit CRM eller `tekup import`.",
        "No leads yet. They come from your website, your CRM or `tekup import`.",
    ),
    "empty_filter": (
        "Ingen leads passer til filtrene. Fjern et filter for at se flere.",
        "No leads match the filters. Remove a filter to see more.",
    ),
    "lead_not_found": ("Leadet findes ikke.", "There is no such lead."),
    "moment": ("Hvad skete i perioden", "What happened in the period"),
    "moment_any": ("Vælg", "Choose"),
    "moment_created": ("Kom ind", "Came in"),
    "moment_qualified": ("Blev kvalificeret", "Was qualified"),
    "moment_won": ("Blev vundet", "Was won"),
    "from_day": ("Fra", "From"),
    "to_day": ("Til", "To"),
    "clear_filters": ("Ryd filtre", "Clear filters"),
    "feed_title": ("Lige nu", "Right now"),
    "feed_help": (
        "De seneste hændelser om leads. Opdateres af sig selv hvert tredje sekund; listen nedenfor følger med, når "
        "tallene bygges næste gang.",
        "The latest events about leads. Updates by itself every three seconds; the list below follows when the "
        "figures are built next.",
    ),
    "feed_quiet": ("Intet er sket med leads endnu.", "Nothing has happened to leads yet."),
    "feed_away": (
        "TekUps API svarer ikke, så nye hændelser vises ikke lige nu. Siden prøver igen af sig selv.",
        "TekUp's API does not answer, so new events are not shown right now. The page tries again by itself.",
    ),
    "feed_somebody": ("Et lead", "A lead"),
    "feed_created": ("{lead} kom ind fra {source}", "{lead} came in from {source}"),
    "feed_status": ("{lead} gik fra {before} til {after}", "{lead} went from {before} to {after}"),
    "feed_scored": (
        "{lead} fik karakteren {grade} ({probability})",
        "{lead} was given grade {grade} ({probability})",
    ),
}
