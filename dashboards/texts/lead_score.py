"""The sentences about one lead's score: how sure it is, what moves it, what people say of it."""

from tekup.language import Words

TEXTS: Words = {
    "too_little_data": ("For lidt data", "Too little data"),
    "too_little_data_help": (
        "Scoren er for usikker til at prioritere efter. Se på leadet selv.",
        "The score is too unsure to rank by. Look at the lead itself.",
    ),
    "unlike_training": ("Ukendt type", "Unfamiliar"),
    "unlike_training_help": (
        "Leadet ligner ikke dem, modellen lærte af, så scoren kan være skæv.",
        "The lead is unlike those that the model learned from, so the score may be off.",
    ),
    "probability_span": ("{low} til {high}", "{low} to {high}"),
    "probability_span_label": ("Ni af ti gange mellem", "Nine times of ten between"),
    "probability_span_help": (
        "Den sande sandsynlighed ligger her for ni af ti leads. Et bredt spænd er et usikkert gæt.",
        "The true probability lies here for nine leads of ten. A wide span is an unsure guess.",
    ),
    "expected_value": ("Forventet værdi", "Expected value"),
    "expected_value_help": (
        "Sandsynligheden gange det, et salg til leadet ventes at være værd.",
        "The probability times what a sale to the lead is expected to be worth.",
    ),
    "rank_by": ("Sorter efter", "Rank by"),
    "rank_probability": ("Sandsynlighed", "Probability"),
    "rank_expected_value": ("Forventet værdi", "Expected value"),
    "score_marks": ("Forbehold", "Caveats"),
    "score_marks_help": (
        "For lidt data: for usikker til at prioritere efter. Ukendt type: ligner ikke dem, modellen lærte af.",
        "Too little data: too unsure to rank by. Unfamiliar: unlike those that the model learned from.",
    ),
    "history_title": ("Scorens vej", "The score's course"),
    "score_course_caption": (
        "En prik pr. score. En anden form betyder, at en ny model gav den.",
        "A dot a score. Another shape means that a new model gave it.",
    ),
    "history_alt": ("Kurve: scoren over tid", "Line: the score over time"),
    "history_same_model": ("Samme model", "Same model"),
    "history_new_model": ("Ny model", "New model"),
    "predicted_deal": ("Ventet salg, hvis det vindes", "Expected deal, if won"),
    "predicted_deal_help": (
        "Ni salg af ti ligger mellem {low} og {high}.",
        "Nine deals of ten lie between {low} and {high}.",
    ),
    "predicted_days": ("Halvdelen er vundet efter", "Half are won after"),
    "predicted_days_value": ("{days} dage", "{days} days"),
    "predicted_days_help": (
        "Af dem, der ligner, er {rate} vundet inden 90 dage.",
        "Of those alike, {rate} are won within 90 days.",
    ),
    "next_action": ("Næste skridt", "Next step"),
    "next_action_help": (
        "Efter faste regler: status, karakter, alder, og om scoren er sikker nok.",
        "By fixed rules: status, grade, age, and whether the score is sure enough.",
    ),
    "similar_title": ("Vundne leads, der ligner", "Won leads that are alike"),
    "similar_caption": (
        "De vundne leads, der deler flest træk: kilde, branche, land, størrelse, titel og hvad de skrev.",
        "The won leads that share most traits: source, industry, country, size, title and what they wrote.",
    ),
    "similar_rate": ("Fælles træk", "Shared traits"),
    "similar_days": ("Dage til salg", "Days to the sale"),
    "empty_similar": ("Ingen vundne leads at ligne med endnu.", "No won leads to compare with yet."),
    "what_if_title": ("Hvad ville ændre scoren?", "What would change the score?"),
    "what_if_open": ("Prøv med andre tal", "Try other figures"),
    "what_if_none": (
        "Leadets score har ingen gemte inddata endnu. De kommer med næste nats kørsel.",
        "The lead's score has no kept inputs yet. They come with the next night's run.",
    ),
    "what_if_before": ("Nu", "Now"),
    "what_if_after": ("Med ændringerne", "With the changes"),
    "what_if_caption": (
        "Modellens svar, hvis leadet var sådan. Det er ikke sikkert, at en ændring i virkeligheden flytter udfaldet.",
        "What the model says if the lead were so. A change in the real world need not move the outcome.",
    ),
    "feedback_title": ("Er scoren rigtig?", "Is the score right?"),
    "feedback_caption": (
        "Dit ord tæller med i den næste træning og gemmes sammen med scoren.",
        "Your word counts in the next training and is kept with the score.",
    ),
    "feedback_comment": ("Hvorfor? (valgfrit)", "Why? (optional)"),
    "feedback_saved": ("Tak. Dit svar er gemt.", "Thank you. Your answer is kept."),
    "feedback_earlier": ("Vis tidligere svar", "Show earlier answers"),
    "feedback_none": ("Ingen har svaret endnu.", "Nobody has answered yet."),
    "feedback_not_yours": (
        "Din rolle kan læse scorer, men ikke prøve eller vurdere dem.",
        "Your role can read scores but not try or judge them.",
    ),
    "api_away": (
        "TekUps API svarer ikke lige nu, så denne del er lukket. Prøv igen om lidt.",
        "TekUp's API does not answer right now, so this part is shut. Try again shortly.",
    ),
}
