"""Why a lead or a subscription scores as it does, as a person would say it. Contributions are scoring's affair."""

from tekup.language import Language, Words, format_number, format_rate, say
from tekup.vocabulary import CHANNELS, COUNTRIES, INDUSTRIES, LANGUAGES

FEATURES: Words = {
    "source": ("Kilde: {value}", "Source: {value}"),
    "landing_page": ("Landede på {value}", "Landed on {value}"),
    "country": ("Land: {value}", "Country: {value}"),
    "language": ("Sprog: {value}", "Language: {value}"),
    "industry": ("Branche: {value}", "Industry: {value}"),
    "employee_count": ("{value} ansatte", "{value} employees"),
    "job_title_length": ("Titel på {value} tegn", "Job title of {value} characters"),
    "message_length": ("Besked på {value} tegn", "Message of {value} characters"),
    "created_hour": ("Kom kl. {value}", "Came at {value} o'clock"),
    "created_weekday": ("Kom på en {value}", "Came on a {value}"),
    "created_month": ("Kom i {value}", "Came in {value}"),
    "touch_count_7d": ("{value} berøringer på 7 dage", "{value} touches in 7 days"),
    "touch_count_30d": ("{value} berøringer på 30 dage", "{value} touches in 30 days"),
    "touch_count_90d": ("{value} berøringer på 90 dage", "{value} touches in 90 days"),
    "distinct_channel_count": ("Mødte {value} kanaler", "Met {value} channels"),
    "first_channel": ("Første kanal: {value}", "First channel: {value}"),
    "last_channel": ("Seneste kanal: {value}", "Latest channel: {value}"),
    "days_since_first_touch": ("{value} dage siden første berøring", "{value} days since the first touch"),
    "days_since_last_touch": ("{value} dage siden seneste berøring", "{value} days since the latest touch"),
    "lead_count_so_far": ("Kildens leads hidtil: {value}", "The source's leads so far: {value}"),
    "win_rate_so_far": ("Kildens vinderrate hidtil: {value}", "The source's win rate so far: {value}"),
    "company_lead_count_so_far": ("Firmaets leads hidtil: {value}", "The company's leads so far: {value}"),
    "company_won_count_so_far": ("Vundet hos firmaet hidtil: {value}", "Won with the company so far: {value}"),
    "product_name": ("Produkt: {value}", "Product: {value}"),
    "billing_interval": ("Betaler pr. {value}", "Billed by {value}"),
    "age_months": ("Kunde i {value} måneder", "A customer for {value} months"),
    "mrr_cents": ("Betaler {value} øre om måneden", "Pays {value} minor units a month"),
    "mrr_ratio": ("Betaler {value} gange begyndelsesprisen", "Pays {value} times the first price"),
    "discount_rate": ("Rabat: {value}", "Discount: {value}"),
    "price_change_count": ("{value} prisændringer", "{value} price changes"),
    "paid_invoice_count": ("{value} betalte fakturaer", "{value} paid invoices"),
    "open_invoice_count": ("{value} ubetalte fakturaer", "{value} unpaid invoices"),
    "mean_days_to_pay": ("Betaler efter {value} dage", "Pays after {value} days"),
    "failed_charge_count_35d": ("{value} fejlede betalinger på 35 dage", "{value} failed charges in 35 days"),
    "failed_charge_count_180d": ("{value} fejlede betalinger på 180 dage", "{value} failed charges in 180 days"),
    "other_active_count": ("{value} andre abonnementer", "{value} other subscriptions"),
    "other_ended_count": ("{value} opsagte abonnementer", "{value} ended subscriptions"),
}
"""A feature with a value."""
TRUTHS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "has_executive_title": (("Topleder", "Senior executive"), ("Ikke topleder", "Not a senior executive")),
    "has_manager_title": (("Leder", "Manager"), ("Ikke leder", "Not a manager")),
    "has_junior_title": (("Studerende eller elev", "Student or trainee"), ("Ikke studerende", "Not a student")),
    "has_price_words": (("Spørger til pris", "Asks about price"), ("Nævner ikke pris", "Does not mention price")),
    "has_demo_words": (
        ("Ønsker møde eller demo", "Wants a meeting or demo"),
        ("Beder ikke om møde", "Asks no meeting"),
    ),
    "has_buying_words": (("Taler om køb", "Speaks of buying"), ("Taler ikke om køb", "Does not speak of buying")),
    "has_urgency_words": (("Har travlt", "Is in a hurry"), ("Har ikke travlt", "Is in no hurry")),
    "has_research_words": (
        ("Søger information", "Looks for information"),
        ("Søger ikke bare info", "Not just reading up"),
    ),
    "has_idle_words": (("Kigger bare", "Just browsing"), ("Kigger ikke bare", "Not just browsing")),
    "has_supplier_words": (("Vil selv sælge", "Wants to sell to you"), ("Vil ikke selv sælge", "Not a seller")),
    "has_email": (("Har e-mail", "Has an e-mail"), ("Uden e-mail", "No e-mail")),
    "has_free_mail_domain": (("Privat e-mail", "Private e-mail"), ("Firma-e-mail", "Company e-mail")),
    "has_company": (("Har firma", "Names a company"), ("Uden firma", "No company")),
    "has_campaign": (("Fra en kampagne", "From a campaign"), ("Ikke fra en kampagne", "Not from a campaign")),
    "has_marketing_consent": (("Ja tak til markedsføring", "Marketing consent"), ("Uden samtykke", "No consent")),
}
"""A feature that is true or false, each in words of its own."""

_VALUES: dict[str, Words] = {
    "source": CHANNELS,
    "first_channel": CHANNELS,
    "last_channel": CHANNELS,
    "industry": INDUSTRIES,
    "language": LANGUAGES,
    "country": COUNTRIES,
    "created_weekday": {
        "1": ("mandag", "Monday"), "2": ("tirsdag", "Tuesday"), "3": ("onsdag", "Wednesday"),
        "4": ("torsdag", "Thursday"), "5": ("fredag", "Friday"), "6": ("lørdag", "Saturday"), "7": ("søndag", "Sunday"),
    },
    "created_month": {
        "1": ("januar", "January"), "2": ("februar", "February"), "3": ("marts", "March"), "4": ("april", "April"),
        "5": ("maj", "May"), "6": ("juni", "June"), "7": ("juli", "July"), "8": ("august", "August"),
        "9": ("september", "September"), "10": ("oktober", "October"), "11": ("november", "November"),
        "12": ("december", "December"),
    },
}  # fmt: skip
_RATES = ("_rate", "_rate_so_far")
_TRUE, _FALSE = ("true", "1", "1.0"), ("false", "0", "0.0")


def say_reason(feature: str, value: object, contribution: float, language: Language) -> str:
    """A sentence: what is so, and by how many percentage points it moves the chance.

    >>> say_reason("has_demo_words", True, 0.083, Language.EN)
    'Wants a meeting or demo: raises the chance by 8.3 percentage points.'
    >>> say_reason("employee_count", 1200, -0.021, Language.DA)
    '1.200 ansatte: sænker chancen med 2,1 procentpoint.'
    """
    points = format_number(abs(contribution) * 100, language, 1)
    said = say_feature(feature, value, language)
    if language is Language.DA:
        return f"{said}: {'hæver' if contribution >= 0 else 'sænker'} chancen med {points} procentpoint."
    return f"{said}: {'raises' if contribution >= 0 else 'lowers'} the chance by {points} percentage points."


def say_feature(feature: str, value: object, language: Language) -> str:
    """A feature and its value as a person would say it; a feature without words is named as it is."""
    position = 0 if language is Language.DA else 1
    text = "" if value is None else str(value)
    if feature in TRUTHS and text.lower() in _TRUE:
        return TRUTHS[feature][0][position]
    if feature in TRUTHS and text.lower() in _FALSE:
        return TRUTHS[feature][1][position]
    said = _say_value(feature, text, language)
    if feature not in FEATURES:
        name = feature.removeprefix("is_").removeprefix("has_").replace("_", " ")
        return f"{name[:1].upper()}{name[1:]}: {said}"
    return FEATURES[feature][position].format(value=said)


def name_feature(feature: str, language: Language) -> str:
    """A feature without a value; an ellipsis stands where the value would.

    >>> name_feature("employee_count", Language.EN), name_feature("has_demo_words", Language.DA)
    ('… employees', 'Ønsker møde eller demo')
    """
    if feature in TRUTHS:
        return TRUTHS[feature][0][0 if language is Language.DA else 1]
    return say_feature(feature, "…", language)


def _say_value(feature: str, text: str, language: Language) -> str:
    if text in ("", "unknown"):
        return "ukendt" if language is Language.DA else "unknown"
    words = _VALUES.get(feature, {})
    key = text.removesuffix(".0")
    if key in words:
        return say(words, key, language)
    try:
        number = float(text)
    except ValueError:
        return text
    if feature.endswith(_RATES):
        return format_rate(number, language, 1)
    return format_number(number, language, 0 if number.is_integer() else 1)
