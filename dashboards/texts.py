"""The pages' sentences in Danish and English. The domain's words live in `dashboards.vocabulary`."""

from dashboards.formats import Language

TEXTS: dict[str, tuple[str, str]] = {
    # frame
    "page_overview": ("Overblik", "Overview"),
    "page_leads": ("Leads", "Leads"),
    "page_attribution": ("Attribution", "Attribution"),
    "page_data_health": ("Datasundhed", "Data health"),
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
    # sign in
    "sign_in_title": ("Log ind på TekUp", "Sign in to TekUp"),
    "sign_in_lead": (
        "Se hvem du skal ringe til, og hvilke kanaler der tjener pengene.",
        "See whom to call first, and which channels earn the money.",
    ),
    "email": ("E-mail", "E-mail"),
    "password": ("Adgangskode", "Password"),
    "sign_in": ("Log ind", "Sign in"),
    "signing_in": ("Logger ind …", "Signing in …"),
    "sign_in_refused": (
        "E-mail eller adgangskode er forkert. Prøv igen, eller bed din administrator om en ny adgangskode.",
        "Wrong e-mail or password. Try again, or ask your administrator for a new password.",
    ),
    "sign_in_too_many": (
        "For mange forsøg. Vent nogle minutter, og prøv igen.",
        "Too many tries. Wait a few minutes and try again.",
    ),
    "sign_in_missing": ("Skriv både e-mail og adgangskode.", "Write both e-mail and password."),
    "choose_tenant": ("Du hører til flere firmaer. Vælg et:", "You belong to several companies. Choose one:"),
    "continue": ("Fortsæt", "Continue"),
    "start_over": ("Tilbage", "Back"),
    "forgot_password": ("Glemt adgangskoden?", "Forgot your password?"),
    "reset_lead": (
        "Skriv din e-mail. Hører den til en konto, sender vi et link til at vælge en ny adgangskode.",
        "Write your e-mail. If it belongs to an account, we send a link to choose a new password.",
    ),
    "send_link": ("Send link", "Send link"),
    "link_sent": (
        "Hører e-mailen til en konto, er et link nu på vej.",
        "If the e-mail belongs to an account, a link is on its way.",
    ),
    "new_password_lead": ("Vælg en adgangskode på mindst 12 tegn.", "Choose a password of at least 12 characters."),
    "new_password": ("Ny adgangskode", "New password"),
    "save": ("Gem", "Save"),
    "password_saved": ("Adgangskoden er gemt. Log ind med den.", "The password is saved. Sign in with it."),
    "code_lead": (
        "Skriv koden fra din app, eller en genoprettelseskode.",
        "Write the code of your app, or a recovery code.",
    ),
    "code": ("Kode", "Code"),
    "code_refused": (
        "Koden er forkert, brugt eller for gammel. Vent på den næste, eller begynd forfra.",
        "The code is wrong, used or too old. Wait for the next one, or begin again.",
    ),
    "provider_refused": (
        "Log ind hos din udbyder lykkedes ikke. Prøv igen.",
        "Signing in at your provider did not work. Try again.",
    ),
    "session_ended": (
        "Du blev logget ud, fordi din session udløb. Log ind igen for at fortsætte.",
        "You were signed out because your session expired. Sign in again to go on.",
    ),
    # faults
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
    # overview
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
    # leads
    "leads_title": ("Hvem skal du ringe til først?", "Whom should you call first?"),
    "leads_caption": (
        "Sorteret efter sandsynligheden for at blive kunde. Viser {shown} af {total} leads.",
        "Ranked by the probability of becoming a customer. Showing {shown} of {total} leads.",
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
    "export": ("Hent som CSV", "Download as CSV"),
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
    # attribution
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
    # data health
    "health_title": ("Kan du stole på tallene?", "Can you trust the figures?"),
    "sources_title": ("Kilder", "Sources"),
    "checks_title": ("Kontroller", "Checks"),
    "checks_passed": ("{passed} af {total} kontroller er i orden.", "{passed} of {total} checks pass."),
    "checks_failing": ("Fejlende kontroller", "Failing checks"),
    "all_checks_pass": ("Alle kontroller er i orden.", "All checks pass."),
    "empty_checks": (
        "Ingen kontroller har kørt endnu. De kører, når data bygges.",
        "No checks have run yet. They run when the data is built.",
    ),
    "check": ("Kontrol", "Check"),
    "severity": ("Alvor", "Severity"),
    "severity_error": ("Fejl", "Error"),
    "severity_warn": ("Advarsel", "Warning"),
    "observed": ("Fundet", "Found"),
    "expected": ("Forventet", "Expected"),
    "checked": ("Kontrolleret", "Checked"),
    "failing_row_count": ("Rækker", "Rows"),
    "failing_since": ("Siden", "Since"),
    "failing_rows": ("{check}: {shown} af rækkerne", "{check}: {shown} of the rows"),
    "export_failures": ("Hent rækkerne som CSV", "Download the rows as CSV"),
    "quality": ("Datakvalitet", "Data quality"),
    "quality_help": (
        "Andelen af kontroller, der er i orden. En fejl vejer 3, en advarsel 1.",
        "The share of checks that pass. An error weighs 3, a warning 1.",
    ),
    "figures_in_doubt": (
        "{count} kontroller af dine data fejler, så nogle tal kan være forkerte. Se siden Datasundhed.",
        "{count} checks of your data fail, so some figures may be wrong. See the page Data health.",
    ),
    "figures_held": (
        "{count} kontroller af dine data fejler. Scorer og fordeling bygger på de seneste data, der var i orden. "
        "Se siden Datasundhed.",
        "{count} checks of your data fail. Scores and credit rest on the last data that were in order. "
        "See the page Data health.",
    ),
    "runs_title": ("Seneste hentninger", "Latest pulls"),
    "rows_read": ("Læste rækker", "Rows read"),
    "rows_changed": ("Ændrede rækker", "Rows changed"),
    "requests": ("Kald", "Requests"),
    "duration": ("Varighed", "Duration"),
    "error": ("Fejl", "Error"),
    "started": ("Startet", "Started"),
}


def text(key: str, language: Language, **values: object) -> str:
    """The sentence for ``key`` with its values filled in."""
    pair = TEXTS[key]
    return (pair[0] if language is Language.DA else pair[1]).format(**values)
