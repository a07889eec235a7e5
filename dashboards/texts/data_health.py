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
}
