"""Sentences of the frame and of faults, shared by all pages."""

from tekup.language import Words

TEXTS: Words = {
    "page_overview": ("Overblik", "Overview"),
    "page_leads": ("Leads", "Leads"),
    "page_attribution": ("Attribution", "Attribution"),
    "page_data_health": ("Datasundhed", "Data health"),
    "section_today": ("I dag", "Today"),
    "section_marketing": ("Markedsføring", "Marketing"),
    "section_money": ("Salg og omsætning", "Sales and revenue"),
    "section_house": ("Huset", "The house"),
    "language": ("Sprog", "Language"),
    "sign_out": ("Log ud", "Sign out"),
    "all_values": ("Alle", "All"),
    "definition_sum": (
        "Summen af periodens dage, regnet i firmaets egen tidszone.",
        "The sum of the period's days, cut in the company's own time zone.",
    ),
    "definition_level": (
        "Som det stod på periodens sidste dag, regnet i firmaets egen tidszone.",
        "As it stood on the period's last day, cut in the company's own time zone.",
    ),
    "fault_api": (
        "Vi kan ikke få fat i TekUps API, så du kan ikke logge ind lige nu.",
        "TekUp's API can't be reached, so you can't sign in right now.",
    ),
    "fault_database": (
        "Vi kan ikke få fat i databasen lige nu. Dine data er der stadig.",
        "The database can't be reached right now. Your data is still there.",
    ),
    "fault_not_built": (
        "Der er ingen tal her endnu: analysetabellerne er ikke bygget.",
        "There are no figures here yet: the analysis tables have not been built.",
    ),
    "fault_slow": ("Databasen var for længe om at svare.", "The database took too long to answer."),
    "fault_other": ("Noget gik galt på denne side.", "Something went wrong on this page."),
    "fault_reference": (
        "Opgiv nummer {reference}, når du kontakter support.",
        "Give number {reference} when you contact support.",
    ),
    "do_make_run": (
        "Bed den driftsansvarlige om at køre `make run`, og åbn siden igen.",
        "Ask your operator to run `make run`, then open this page again.",
    ),
    "do_retry": ("Vent et øjeblik, og prøv igen.", "Wait a moment and try again."),
    "retry": ("Prøv igen", "Try again"),
    "details": ("Detaljer til den driftsansvarlige", "Details for your operator"),
    "no_access": (
        "Din rolle giver ikke adgang til sider her. Bed din administrator om adgang.",
        "Your role opens no page here. Ask your administrator for access.",
    ),
    # what pages share
    "thin": (
        "Kun {count} tilfælde (helst {enough}): tag tallene som et fingerpeg.",
        "Only {count} cases ({enough} would be better): take the figures as a hint.",
    ),
    "export": ("Hent som CSV", "Download as CSV"),
    "export_excel": ("Hent som Excel", "Download as Excel"),
    "filter_unknown": (
        "Adressen beder om {name} = {asked}, som ikke findes. Filteret er fjernet.",
        "The address asks for {name} = {asked}, which does not exist. The filter was dropped.",
    ),
    "fault_api_act": (
        "Vi kan ikke få fat i TekUps API, så her kan intet ses eller ændres lige nu.",
        "TekUp's API can't be reached, so nothing can be seen or changed here right now.",
    ),
    "fault_refused": ("Det kunne ikke lade sig gøre: {reason}", "That could not be done: {reason}"),
    "fault_conflict": (
        "En anden har ændret det imens. Siden viser nu det nyeste; prøv igen, hvis du stadig vil.",
        "Somebody else changed it meanwhile. The page now shows the latest; try again if you still want to.",
    ),
}
