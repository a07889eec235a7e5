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
}
