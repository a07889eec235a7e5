"""Sentences of data health."""

from tekup.language import Words

TEXTS: Words = {
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
    "dimension_completeness": ("Fuldstændighed", "Completeness"),
    "dimension_help_completeness": (
        "Er det hele der: felter, rækker, dage? Andelen af kontroller, der er i orden.",
        "Is all of it there: fields, rows, days? The share of checks that pass.",
    ),
    "dimension_freshness": ("Friskhed", "Freshness"),
    "dimension_help_freshness": (
        "Er data så nye, som de skal være? Andelen af kontroller, der er i orden.",
        "Is the data as new as it should be? The share of checks that pass.",
    ),
    "dimension_volume": ("Mængde", "Volume"),
    "dimension_help_volume": (
        "Kom der så meget, som der plejer? Andelen af kontroller, der er i orden.",
        "Did as much come as usually does? The share of checks that pass.",
    ),
    "dimension_distribution": ("Fordeling", "Distribution"),
    "dimension_help_distribution": (
        "Ligner værdierne dem, der plejer at komme? Andelen af kontroller, der er i orden.",
        "Do values look like those that usually come? The share of checks that pass.",
    ),
    "dimension_validity": ("Gyldighed", "Validity"),
    "dimension_help_validity": (
        "Er værdierne mulige: datoer, beløb, koder? Andelen af kontroller, der er i orden.",
        "Are values possible: dates, amounts, codes? The share of checks that pass.",
    ),
    "dimension_uniqueness": ("Entydighed", "Uniqueness"),
    "dimension_help_uniqueness": (
        "Står hver ting der én gang? Andelen af kontroller, der er i orden.",
        "Does each thing stand there once? The share of checks that pass.",
    ),
    "dimension_consistency": ("Sammenhæng", "Consistency"),
    "dimension_help_consistency": (
        "Siger to steder det samme? Andelen af kontroller, der er i orden.",
        "Do two places say the same? The share of checks that pass.",
    ),
    "rejects_title": ("Afviste værdier", "Rejected values"),
    "rejects_help": (
        "Værdier fra kilderne, der ikke kunne læses som det, de skulle være. De mangler i tallene, til de er rettet i "
        "kilden.",
        "Values of the sources that could not be read as what they should be. They are missing in the figures until "
        "they are mended in the source.",
    ),
    "rejects_none": ("Ingen værdier er afvist.", "No value is rejected."),
    "reject_stream": ("Strøm", "Stream"),
    "reject_column": ("Felt", "Field"),
    "reject_reason": ("Hvorfor", "Why"),
    "reject_count": ("Antal", "Count"),
    "reject_example": ("Nyeste værdi", "Newest value"),
    "reject_object": ("Nyeste objekt", "Newest object"),
    "reject_seen": ("Hentet", "Pulled"),
}
