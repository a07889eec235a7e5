"""What to do next with a lead, by rules that anybody can read. How likely it is won is the model's to say."""

from datetime import datetime, timedelta

from tekup.language import Language, Words, say

FRESH = timedelta(days=2)
STALE = timedelta(days=14)
GOOD_GRADES = ("A", "B")
WEAK_GRADES = ("D", "E")

ACTIONS: Words = {
    "call_now": ("Ring i dag", "Call today"),
    "call": ("Ring eller skriv", "Call or write"),
    "qualify": ("Afklar behov og budget", "Clear up need and budget"),
    "propose": ("Send et tilbud", "Send an offer"),
    "revive": ("Følg op: stille for længe", "Follow up: quiet for too long"),
    "nurture": ("Lad nyhedsbrevet varme op", "Let the newsletter warm it up"),
    "look": ("Se på det selv: scoren er usikker", "Look at it yourself: the score is unsure"),
    "onboard": ("Ingen: vundet", "None: won"),
    "none": ("Ingen: tabt", "None: lost"),
}


def choose_action(
    status: str, grade: str | None, has_enough_data: bool | None, created_at: datetime, now: datetime
) -> str:
    """The key of the next step, by the first rule that fits.

    Won and lost leads need none. A new lead of grade A or B is called the same day, or followed up once it has been
    quiet for two weeks; one of grade D or E is left to the newsletter. A lead whose score is unsure is looked at by a
    person. A contacted lead is qualified, a qualified one gets an offer.
    """
    if status in ("won", "lost"):
        return {"won": "onboard", "lost": "none"}[status]
    if status == "qualified":
        return "propose"
    if status == "contacted":
        return "revive" if now - created_at > STALE and grade in GOOD_GRADES else "qualify"
    if grade is None or has_enough_data is False:
        return "look"
    if grade in WEAK_GRADES:
        return "nurture"
    if grade in GOOD_GRADES and now - created_at <= FRESH:
        return "call_now"
    return "revive" if now - created_at > STALE else "call"


def say_action(action: str, language: Language) -> str:
    """The next step in words."""
    return say(ACTIONS, action, language)
