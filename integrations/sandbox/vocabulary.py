"""Words the simulated people are made of: names, titles, messages, places, pages. Probabilities live elsewhere."""

CHANNELS = (
    "paid_search", "paid_social", "organic_search", "email", "referral", "display", "direct", "events",
)  # fmt: skip
INDUSTRIES = (
    "construction", "software", "retail", "manufacturing", "hospitality", "finance", "public",
    "real_estate", "agriculture", "logistics",
)  # fmt: skip
DEVICES = ("desktop", "mobile", "tablet")
LANDING_PAGES = (
    "/", "/priser", "/demo", "/blog/guide", "/kontakt", "/kampagne/tilbud", "/webinar", "/cases", "/job",
)  # fmt: skip
COUNTRIES = ("DK", "SE", "NO", "DE", "GB")
FREE_DOMAINS = ("gmail.com", "hotmail.com", "outlook.dk", "yahoo.dk", "live.dk", "icloud.com")
CITIES = {
    "DK": (
        "København",
        "Aarhus",
        "Odense",
        "Aalborg",
        "Esbjerg",
        "Randers",
        "Kolding",
        "Vejle",
        "Roskilde",
        "Herning",
    ),
    "SE": ("Malmö", "Göteborg", "Stockholm"),
    "NO": ("Oslo", "Bergen", "Stavanger"),
    "DE": ("Hamburg", "Flensburg", "Kiel"),
    "GB": ("London", "Leeds", "Manchester"),
}
ODD_COUNTRIES = ("danmark", "Denmark ", "DNK", "dk", "Danmark", "Kongeriget Danmark")

FIRST_DANISH = (
    "Anders", "Mette", "Søren", "Kirsten", "Jens", "Hanne", "Lars", "Anne", "Michael", "Maria", "Henrik", "Camilla",
    "Thomas", "Louise", "Martin", "Pia", "Jørgen", "Åse", "Rasmus", "Freja", "Mads", "Ida", "Oliver", "Sofie", "Emil",
    "Bjørn", "Signe", "Niels", "Karen", "Peter", "Trine", "Kasper", "Line", "Jakob", "Astrid",
)  # fmt: skip
LAST_DANISH = (
    "Nielsen", "Jensen", "Hansen", "Pedersen", "Andersen", "Christensen", "Larsen", "Sørensen", "Rasmussen",
    "Jørgensen", "Madsen", "Kristensen", "Olsen", "Thomsen", "Møller", "Poulsen", "Johansen", "Knudsen", "Østergaard",
    "Bæk", "Holm", "Lund", "Skov", "Winther", "Dahl",
)  # fmt: skip
FIRST_ENGLISH = (
    "James", "Olivia", "William", "Emma", "Daniel", "Sophia", "Henry", "Grace", "Jack", "Emily", "Lucas", "Hannah",
    "Priya", "Wei", "Carlos", "Fatima", "Ingrid", "Erik", "Klaus", "Amelia", "Noah", "Chloe", "Samuel", "Zoe",
)  # fmt: skip
LAST_ENGLISH = (
    "Smith", "Johnson", "Williams", "Brown", "Taylor", "Wilson", "Evans", "Walker", "Wright", "Green", "Schmidt",
    "Svensson", "Berg", "Patel", "Chen", "Garcia", "Müller", "Lindqvist", "Murphy", "Clarke", "O'Brien",
)  # fmt: skip
COMPANY_STEMS = (
    "Nord", "Vest", "Syd", "Øst", "Fyns", "Jysk", "Dansk", "Nordic", "Baltic", "Kronborg", "Havn", "Bæk", "Eng",
    "Skov", "Strand", "Møllebo", "Lyng", "Borg", "Dal", "Fjeld", "Sund", "Kirke", "Ravn", "Falk", "Linde",
)  # fmt: skip
COMPANY_TRADES = {
    "construction": ("Byg", "Tag", "Entreprise", "Tømrer"),
    "software": ("Data", "Cloud", "Systems", "Labs"),
    "retail": ("Handel", "Butik", "Outlet", "Store"),
    "manufacturing": ("Industri", "Maskin", "Stål", "Plast"),
    "hospitality": ("Hotel", "Kro", "Café", "Catering"),
    "finance": ("Invest", "Finans", "Revision", "Capital"),
    "public": ("Kommune", "Skole", "Forening", "Bibliotek"),
    "real_estate": ("Ejendomme", "Bolig", "Erhverv", "Property"),
    "agriculture": ("Gård", "Agro", "Mejeri", "Planter"),
    "logistics": ("Transport", "Fragt", "Logistik", "Spedition"),
}
COMPANY_FORMS = ("ApS", "A/S", "I/S", "Group", "& Co")

TITLES_DANISH = {
    "executive": ("Administrerende direktør", "Direktør", "Ejer", "Indehaver", "CEO", "Partner"),
    "manager": ("Indkøbschef", "Salgschef", "Marketingchef", "Økonomichef", "IT-chef", "Afdelingsleder"),
    "specialist": ("Konsulent", "Projektleder", "Bogholder", "Marketingkoordinator", "Sælger", "Ingeniør"),
    "junior": ("Studentermedhjælper", "Praktikant", "Elev", "Studerende"),
}
TITLES_ENGLISH = {
    "executive": ("CEO", "Managing Director", "Founder", "Owner", "Chief Operating Officer", "VP Sales"),
    "manager": (
        "Head of Operations",
        "Procurement Manager",
        "Marketing Manager",
        "Finance Manager",
        "IT Manager",
    ),
    "specialist": ("Consultant", "Project Lead", "Accountant", "Marketing Specialist", "Engineer", "Analyst"),
    "junior": ("Intern", "Student", "Trainee", "Junior Assistant"),
}
SENIORITIES = ("executive", "manager", "specialist", "junior")

INTENTS = ("high", "medium", "low", "none")
MESSAGES_DANISH = {
    "high": (
        "Vi vil gerne have et tilbud hurtigst muligt.", "Send venligst et tilbud og en pris, vi er klar til at købe.",
        "Hvad koster det, og hvornår kan I starte? Vores budget er godkendt.",
        "Ring til mig i dag, vi skal have en aftale på plads denne måned.",
    ),
    "medium": (
        "Vi overvejer en ny løsning og vil gerne se en demo.", "Kan I fortælle mere om jeres løsning?",
        "Jeg sammenligner leverandører og søger mere information.", "Kan I sende en brochure og nogle referencer?",
    ),
    "low": (
        "Jeg skriver opgave om branchen og har et par spørgsmål.", "Jeg søger job hos jer, har I ledige stillinger?",
        "Jeg kigger bare lidt rundt.", "Vi vil gerne tilbyde jer vores ydelser som leverandør.",
    ),
    "none": ("",),
}  # fmt: skip
MESSAGES_ENGLISH = {
    "high": (
        "We would like a quote as soon as possible.", "Please send pricing, we are ready to buy.",
        "What does it cost and when can you start? Our budget is approved.",
        "Call me today, we need a contract in place this month.",
    ),
    "medium": (
        "We are considering a new solution and would like a demo.", "Could you tell me more about your product?",
        "I am comparing vendors and need more information.", "Could you send a brochure and some references?",
    ),
    "low": (
        "I am a student writing a paper about your industry.", "Do you have any open positions?",
        "Just browsing for now.", "We would like to offer our services to you.",
    ),
    "none": ("",),
}  # fmt: skip
GREETINGS_DANISH = ("Hej,", "Goddag,", "Kære team,", "")
GREETINGS_ENGLISH = ("Hi,", "Hello,", "Dear team,", "")
CLOSINGS_DANISH = ("Venlig hilsen", "Mvh", "På forhånd tak", "")
CLOSINGS_ENGLISH = ("Best regards", "Thanks", "Kind regards", "")
