"""Verdicts in words, Danish and English, for pages, the API and whoever reads them out."""

from tekup.experiments.judging import Judgement, Verdict
from tekup.language import Language

_SENTENCES: dict[Verdict, tuple[str, str]] = {
    "empty": (
        "Ingen har set eksperimentet endnu.",
        "Nobody has seen the experiment yet.",
    ),
    "broken": (
        "Fordelingen mellem varianterne er skæv på en måde, der ikke kan være tilfældig. Stol ikke på resultatet; find "
        "fejlen i opsætningen.",
        "The split between the variants is off in a way that can't be chance. Do not trust the result; find the fault "
        "in the set-up.",
    ),
    "too_little": (
        "For få til at sige noget endnu.",
        "Too few to say anything yet.",
    ),
    "harmful": (
        "Et værn er brudt: det går sikkert tilbage for noget, der skulle beskyttes. Stop.",
        "A guard rail is crossed: something that was to be protected surely suffers. Stop.",
    ),
    "better": (
        "{winner} er sikkert bedre. Du kan stoppe og vælge den.",
        "{winner} is surely better. You can stop and choose it.",
    ),
    "worse": (
        "Det nye er sikkert dårligere. Stop, og bliv ved det gamle.",
        "The new one is surely worse. Stop, and stay with the old one.",
    ),
    "no_difference": (
        "Forskellen er sikkert mindre end den, der betyder noget. Stop.",
        "The difference is surely smaller than what matters. Stop.",
    ),
    "open": (
        "Intet er sikkert endnu. Lad det køre; du må gerne kigge hver dag.",
        "Nothing is sure yet. Let it run; you may look every day.",
    ),
    "over": (
        "Tiden er gået, og intet er sikkert. Vælg frit, eller prøv igen med flere personer.",
        "Its time is over and nothing is sure. Choose freely, or try again with more persons.",
    ),
}


def say_verdict(judgement: Judgement, language: Language) -> str:
    """The verdict and what to do, in a sentence or two."""
    pair = _SENTENCES[judgement.verdict]
    return (pair[0] if language is Language.DA else pair[1]).format(winner=judgement.winner)
