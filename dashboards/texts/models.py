"""The sentences of the page on models."""

from tekup.language import Words

TEXTS: Words = {
    "page_models": ("Modeller", "Models"),
    "models_title": ("Kan du stole på scorerne?", "Can you trust the scores?"),
    "models_caption": (
        "Modellerne deles af alle firmaer, men tallene for kvalitet, drift og grupper er kun af dine egne data.",
        "The models are shared by all companies; the figures of quality, drift and groups are of your own data alone.",
    ),
    "model_kind": ("Model", "Model"),
    "empty_models": (
        "Ingen model af denne slags endnu. Den trænes om natten, så snart der er nok at lære af.",
        "No model of this kind yet. It is trained at night, as soon as there is enough to learn from.",
    ),
    "live_model": ("I brug", "Live"),
    "live_model_help": (
        "Den version, der giver de scorer, du ser.",
        "The version that gives the scores you see.",
    ),
    "challenger_model": ("Udfordrer", "Challenger"),
    "challenger_model_help": (
        "Scorer nye leads i det skjulte, indtil det viser sig, om den er bedre.",
        "Scores new leads unseen, until it shows whether it is better.",
    ),
    "trained": ("Trænet", "Trained"),
    "none_live": ("Ingen er i brug", "None is live"),
    "no_challenger": ("Ingen", "None"),
    "versions_title": ("Versioner", "Versions"),
    "version": ("Version", "Version"),
    "standing": ("Stand", "Standing"),
    "model_verdict": ("Afgørelse", "Verdict"),
    "model_why": ("Hvorfor", "Why"),
    "shown_version": ("Vis version", "Show version"),
    "model_quality_title": ("Kvalitet på dine egne data", "Quality on your own data"),
    "model_quality_help": (
        "Holdt tilbage: data, som modellen ikke lærte af. Udfald: scorer givet, før udfaldet var kendt.",
        "Held out: data that the model did not learn from. Outcomes: scores given before the outcome was known.",
    ),
    "model_measure": ("Kvalitetsmål", "Quality measure"),
    "held_out": ("Holdt tilbage", "Held out"),
    "on_outcomes": ("På udfald", "On outcomes"),
    "baseline": ("Simpel model", "Simple model"),
    "row_number": ("Antal", "Count"),
    "model_quality_thin": (
        "Du har endnu for lidt data til at måle denne version for sig. Den bygger på alle firmaers data.",
        "You have too little data yet to measure this version on its own. It rests on all companies' data.",
    ),
    "model_quality_alt": ("Kurve: {measure} fra version til version", "Line: {measure} from version to version"),
    "reliability_title": ("Holder sandsynlighederne?", "Do the probabilities hold?"),
    "reliability_caption": (
        "Ligger prikkerne på linjen, bliver så mange kunder, som modellen siger.",
        "With the dots on the line, as many become customers as the model says.",
    ),
    "axis_chance": ("Sandsynlighed ifølge modellen", "Probability by the model"),
    "axis_share_won": ("Andel, der blev kunder", "Share that became customers"),
    "reliability_alt": (
        "Kurve: sandsynlighed ifølge modellen mod andelen, der blev kunder",
        "Line: probability by the model against the share that became customers",
    ),
    "gain_title": ("Hvor langt når de bedste?", "How far do the best go?"),
    "gain_caption": (
        "De bedste {taken} af listen giver {won} af salgene.",
        "The best {taken} of the list give {won} of the sales.",
    ),
    "axis_taken": ("Andel af listen, bedste først", "Share of the list, best first"),
    "axis_won": ("Andel af alle salg", "Share of all sales"),
    "gain_alt": (
        "Kurve: andel af salgene blandt de bedste leads",
        "Line: share of the sales among the best leads",
    ),
    "curves_thin": (
        "For få leads med kendt udfald til kurver: de kommer ved mindst 50.",
        "Too few leads with a known outcome for curves: they come from 50 on.",
    ),
    "drift_title": ("Ligner dagens leads dem, modellen lærte af?", "Are today's leads like those it learned from?"),
    "drift_still": ("Ingen detektor slår ud.", "No detector alarms."),
    "drift_alarm": (
        "{subjects} har ændret sig siden træningen. Der trænes en ny model, som skal slå den nuværende.",
        "{subjects} have changed since the training. A new model is trained, and has to beat this one.",
    ),
    "drift_none": (
        "Der er ikke kigget endnu: et kig kræver 100 nye leads siden træningen.",
        "Nothing was looked at yet: a look takes 100 new leads since the training.",
    ),
    "drift_evidence": ("Bevis for ændring", "Evidence of change"),
    "drift_evidence_alt": (
        "Kurve: bevis for ændring over tid; linjen er, hvor der slås alarm",
        "Line: evidence of change over time; the rule is where it alarms",
    ),
    "drift_subject": ("Emne", "Subject"),
    "drift_name": ("Hvad", "What"),
    "drift_psi": ("PSI", "PSI"),
    "drift_has_changed": ("Ændret", "Changed"),
    "looked_until": ("Set til og med", "Looked until"),
    "yes": ("Ja", "Yes"),
    "no": ("Nej", "No"),
    "slices_title": ("Behandles grupper lige?", "Are groups treated alike?"),
    "slices_caption": (
        "Afvigelsen er scoren minus andelen, der blev kunder. Under 0,8 af den bedste gruppes andel af A og B er det "
        "sædvanlige tegn på skævhed.",
        "The gap is the score less the share that became customers. Below 0.8 of the best group's share of A and B is "
        "the usual sign of a bias.",
    ),
    "slices_fair": ("Ingen gruppe falder udenfor.", "No group falls out of line."),
    "slices_unfair": (
        "Grupper, der falder udenfor: {count}. Se dem efter, før nogen vælges fra på scoren alene.",
        "Groups out of line: {count}. Look at them before anybody is passed over by the score alone.",
    ),
    "slices_thin": (
        "For få leads i grupperne til at sige noget: en gruppe vises fra 30 leads.",
        "Too few leads in the groups to tell: a group is shown from 30 leads on.",
    ),
    "slice_group": ("Gruppe", "Group"),
    "slice_score": ("Middelscore", "Mean score"),
    "slice_won": ("Blev kunder", "Became customers"),
    "slice_gap": ("Afvigelse", "Gap"),
    "slice_top": ("A og B mod bedste", "A and B against the best"),
    "slice_flag": ("Udenfor", "Out of line"),
    "promotions_title": ("Hvem tog hvad i brug?", "Who made what live?"),
    "promotion_action": ("Hvad der skete", "What was done"),
    "done_by": ("Af", "By"),
    "previous_version": ("Før", "Before"),
    "empty_promotions": ("Ingen version er taget i brug endnu.", "No version was made live yet."),
    "card_title": ("Modelkort", "Model card"),
    "no_card": ("Denne version har intet kort.", "This version has no card."),
}
