"""Sentences of the sign-in."""

from tekup.language import Words

TEXTS: Words = {
    "sign_in_title": ("Log ind på TekUp", "Sign in to TekUp"),
    "sign_in_lead": (
        "Se hvem du skal ringe til, og hvilke kanaler der tjener pengene.",
        "See whom to call first, and which channels earn the money.",
    ),
    "email": ("E-mail", "E-mail"),
    "password": ("Adgangskode", "Password"),
    "sign_in": ("Log ind", "Sign in"),
    "signing_in": ("Logger ind …", "Signing in …"),
    "sign_in_refused": (
        "E-mail eller adgangskode er forkert. Prøv igen, eller bed din administrator om en ny adgangskode.",
        "Wrong e-mail or password. Try again, or ask your administrator for a new password.",
    ),
    "sign_in_too_many": (
        "For mange forsøg. Vent nogle minutter, og prøv igen.",
        "Too many tries. Wait a few minutes and try again.",
    ),
    "sign_in_missing": ("Skriv både e-mail og adgangskode.", "Write both e-mail and password."),
    "choose_tenant": ("Du hører til flere firmaer. Vælg et:", "You belong to several companies. Choose one:"),
    "continue": ("Fortsæt", "Continue"),
    "start_over": ("Tilbage", "Back"),
    "forgot_password": ("Glemt adgangskoden?", "Forgot your password?"),
    "reset_lead": (
        "Skriv din e-mail. Hører den til en konto, sender vi et link til at vælge en ny adgangskode.",
        "Write your e-mail. If it belongs to an account, we send a link to choose a new password.",
    ),
    "send_link": ("Send link", "Send link"),
    "link_sent": (
        "Hører e-mailen til en konto, er et link nu på vej.",
        "If the e-mail belongs to an account, a link is on its way.",
    ),
    "new_password_lead": ("Vælg en adgangskode på mindst 12 tegn.", "Choose a password of at least 12 characters."),
    "new_password": ("Ny adgangskode", "New password"),
    "save": ("Gem", "Save"),
    "password_saved": ("Adgangskoden er gemt. Log ind med den.", "The password is saved. Sign in with it."),
    "code_lead": (
        "Skriv koden fra din app, eller en genoprettelseskode.",
        "Write the code of your app, or a recovery code.",
    ),
    "code": ("Kode", "Code"),
    "code_refused": (
        "Koden er forkert, brugt eller for gammel. Vent på den næste, eller begynd forfra.",
        "The code is wrong, used or too old. Wait for the next one, or begin again.",
    ),
    "provider_refused": (
        "Log ind hos din udbyder lykkedes ikke. Prøv igen.",
        "Signing in at your provider did not work. Try again.",
    ),
    "session_ended": (
        "Du blev logget ud, fordi din session udløb. Log ind igen for at fortsætte.",
        "You were signed out because your session expired. Sign in again to go on.",
    ),
}
