"""Sentences of the synchronisation with HubSpot."""

from tekup.language import Words

TEXTS: Words = {
    "hubspot_title": ("HubSpot begge veje", "HubSpot both ways"),
    "hubspot_caption": (
        "Det, der ændres her, går til HubSpot, og omvendt. Prøv først med `tekup hubspot preview`.",
        "What changes here goes to HubSpot, and the other way around. Try `tekup hubspot preview` first.",
    ),
    "hubspot_kind": ("Art", "Kind"),
    "hubspot_companies": ("Virksomheder", "Companies"),
    "hubspot_contacts": ("Kontakter", "Contacts"),
    "hubspot_deals": ("Handler", "Deals"),
    "hubspot_direction": ("Retning", "Direction"),
    "hubspot_off": ("Slukket", "Off"),
    "hubspot_in": ("Fra HubSpot", "From HubSpot"),
    "hubspot_out": ("Til HubSpot", "To HubSpot"),
    "hubspot_both": ("Begge veje", "Both ways"),
    "hubspot_rule": ("Ved konflikt", "On conflict"),
    "hubspot_rule_newest": ("Den seneste vinder", "The latest wins"),
    "hubspot_rule_hubspot": ("HubSpot vinder", "HubSpot wins"),
    "hubspot_rule_tekup": ("TekUp vinder", "TekUp wins"),
    "hubspot_rule_help": (
        "Gælder kun, hvor begge sider har ændret det samme felt.",
        "Counts only where both sides changed the same field.",
    ),
    "hubspot_linked": ("Forbundet", "Linked"),
    "hubspot_waiting": ("Venter", "Waiting"),
    "hubspot_sent": ("Sendt", "Sent"),
    "hubspot_received": ("Modtaget", "Received"),
    "hubspot_failed": ("Afvist", "Refused"),
    "hubspot_last": ("Sidst", "Last"),
}
