"""Sentences of the pipeline."""

from tekup.language import Words

TEXTS: Words = {
    "page_pipeline": ("Pipeline", "Pipeline"),
    "pipeline_title": ("Hvad er på vej ind?", "What is on its way in?"),
    "empty_pipeline": (
        "Ingen handler eller leads endnu. Opret en handel i dit CRM, eller forbind HubSpot.",
        "No deals or leads yet. Make a deal in your CRM, or connect HubSpot.",
    ),
    "pipeline_period": ("Periode", "Period"),
    "period_months": ("{months} mdr.", "{months} months"),
    "open_value": ("Åbne handler", "Open deals"),
    "definition_open_value": (
        "Summen af beløbene på handler, der hverken er vundet eller tabt. {count} handler.",
        "The sum of the amounts of deals that are neither won nor lost. {count} deals.",
    ),
    "weighted_value": ("Vægtet værdi", "Weighted value"),
    "definition_weighted_value": (
        "Hvert åbent beløb gange sandsynligheden for, at en handel i dens fase vindes.",
        "Each open amount times the chance that a deal of its stage is won.",
    ),
    "deal_win_rate": ("Vundne handler", "Win rate"),
    "definition_deal_win_rate": (
        "Vundne af alle handler, der er afsluttet i perioden: {won} af {closed}. 95 %-interval {low} til {high}.",
        "Won of all deals that ended in the period: {won} of {closed}. 95% interval {low} to {high}.",
    ),
    "days_to_win": ("Dage til salg", "Days to win"),
    "definition_days_to_win": (
        "Det typiske antal dage fra en handel oprettes, til den vindes: månedernes medianer, vægtet.",
        "The usual number of days from a deal's making until it is won: the months' medians, weighed.",
    ),
    "funnel_title": ("Tragten", "The funnel"),
    "funnel_caption": (
        "Leads oprettet siden {first}, og hvor langt de er nået. Tallet ved hvert trin er andelen af trinnet før.",
        "Leads made since {first}, and how far they have come. Each step's figure is its share of the step before.",
    ),
    "funnel_alt": ("Tragt: leads efter trin", "Funnel: leads by step"),
    "step_lead_count": ("Leads", "Leads"),
    "step_contacted_count": ("Kontaktet", "Contacted"),
    "step_qualified_count": ("Kvalificeret", "Qualified"),
    "step_won_count": ("Vundet", "Won"),
    "forecast_title": ("Forventet salg pr. måned", "Expected sales by month"),
    "forecast_caption": (
        "Beløb gange fasens chance for de {count} åbne handler med beløb og forventet dato; stregen er "
        "95 %-intervallet.",
        "Amounts times the stage's chance for the {count} open deals with an amount and an expected date; the line "
        "is the 95% interval.",
    ),
    "forecast_alt": ("Søjlediagram: forventet salg pr. måned", "Bar chart: expected sales by month"),
    "axis_expected": ("Forventet ({currency})", "Expected ({currency})"),
    "empty_forecast": (
        "Ingen åbne handler med både beløb og forventet dato.",
        "No open deals with both an amount and an expected date.",
    ),
    "stages_title": ("Faserne", "The stages"),
    "stage": ("Fase", "Stage"),
    "deals_open": ("Åbne", "Open"),
    "amount": ("Beløb", "Amount"),
    "weighted": ("Vægtet", "Weighted"),
    "chance": ("Chance", "Chance"),
    "usual_days": ("Typiske dage", "Usual days"),
    "stages_caption": (
        "Chancen er skønnet af afsluttede handler; har fasen få af dem, vejer det angivne tal tungest. Typiske dage "
        "er medianen af ophold, hvis start kendes.",
        "The chance is estimated from ended deals; where a stage has few of them, its stated chance weighs most. "
        "Usual days are the median of stays whose beginning is known.",
    ),
    "stuck_title": ("Handler, der er gået i stå", "Deals that are stuck"),
    "stuck_caption": (
        "Handler over den forventede dato, dobbelt så længe i deres fase som typisk, eller uændrede i {days} dage.",
        "Deals past their expected day, twice as long in their stage as usual, or unchanged for {days} days.",
    ),
    "no_stuck": ("Ingen handler er gået i stå.", "No deal is stuck."),
    "deal": ("Handel", "Deal"),
    "days_here": ("Dage i fasen", "Days in stage"),
    "expected_day": ("Forventet dato", "Expected day"),
    "why_stuck": ("Hvorfor", "Why"),
    "stuck_overdue": ("Over den forventede dato", "Past its expected day"),
    "stuck_slow": ("Længe i fasen", "Long in its stage"),
    "won_title": ("Hvem vinder vi?", "Whom do we win?"),
    "segment": ("Opdelt efter", "Split by"),
    "segment_source": ("Kilde", "Source"),
    "segment_industry": ("Branche", "Industry"),
    "segment_amount": ("Beløb", "Amount"),
    "segment_none": ("Ukendt", "Unknown"),
    "won_alt": ("Prikdiagram: andel vundne handler", "Dot plot: share of deals won"),
    "axis_win_rate": ("Andel vundne (95 %-interval)", "Share won (95% interval)"),
    "won_of": ("Vundet af afsluttede", "Won of ended"),
    "empty_won": ("Ingen handler er afsluttet i perioden.", "No deals ended in the period."),
    "move_title": ("Flyt en handel", "Move a deal"),
    "move_caption": (
        "Handlerne her er dem i TekUps CRM lige nu; tallene ovenfor følger ved næste opbygning.",
        "The deals here are those in TekUp's CRM right now; the figures above follow with the next build.",
    ),
    "move_none": ("Ingen åbne handler i TekUps CRM.", "No open deals in TekUp's CRM."),
    "move_not_allowed": ("Din rolle må ikke flytte handler.", "Your role may not move deals."),
    "move_search": ("Find en handel", "Find a deal"),
    "move_to": ("Flyt til", "Move to"),
    "move_here": ("Nu i {stage}", "Now in {stage}"),
    "moved": ("{deal} er flyttet til {stage}.", "{deal} was moved to {stage}."),
}
