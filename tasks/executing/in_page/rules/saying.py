"""The decider's own sentences, in the language of the wish. Everything else that it says is the page's."""

_TEXTS: dict[str, tuple[str, str]] = {
    "clicking": ("Pressing “{what}”.", "Ich drücke „{what}“."),
    "opening_menu": ("Opening “{what}” to see more.", "Ich öffne „{what}“, um mehr zu sehen."),
    "leading": ("Looking for it behind “{what}”.", "Ich suche hinter „{what}“ weiter."),
    "returning": ("Going back to look further.", "Ich gehe zurück und suche weiter."),
    "closing": ("Closing what covers the page.", "Ich schließe, was die Seite verdeckt."),
    "searching": ("Searching the site for “{what}”.", "Ich durchsuche die Seite nach „{what}“."),
    "filling": ("Filling in: {what}.", "Ich fülle aus: {what}."),
    "sending": ("Sending the form with “{what}”.", "Ich sende das Formular mit „{what}“."),
    "waiting": ("Waiting for the page.", "Ich warte auf die Seite."),
    "moving": ("Moving on: {what}.", "Weiter: {what}."),
    "what_wish": ("What shall I do here?", "Was soll ich hier tun?"),
    "which": ("Several things here fit “{what}”. Which one?", "Hier passt mehreres zu „{what}“. Was davon?"),
    "which_form": ("There are several forms. Which one?", "Es gibt mehrere Formulare. Welches?"),
    "search_words": ("What shall I search for?", "Wonach soll ich suchen?"),
    "missing": ("To go on I need:", "Um weiterzumachen, brauche ich:"),
    "page_says": ("The page says: “{what}”", "Die Seite sagt: „{what}“"),
    "not_a_choice": ("“{what}” is none of the choices here.", "„{what}“ steht hier nicht zur Wahl."),
    "which_day": (
        "Which day is meant? Please write it as year-month-day.",
        "Welcher Tag ist gemeint? Bitte als Jahr-Monat-Tag.",
    ),
    "yourself": (
        "Please fill in “{what}” yourself: passwords, cards and codes stay with you. Tell me when it is "
        "done.",
        "Bitte „{what}“ selbst ausfüllen: Passwörter, Karten und Codes bleiben bei dir. Sag Bescheid, "
        "wenn es "
        "erledigt ist.",
    ),
    "done_word": ("Done", "Erledigt"),
    "yes": ("Yes", "Ja"),
    "no": ("No", "Nein"),
    "did": ("Done: {what}.", "Erledigt: {what}."),
    "pressed": ("pressed “{what}”", "„{what}“ gedrückt"),
    "set": ("filled in “{what}”", "„{what}“ ausgefüllt"),
    "sent": ("sent the form with “{what}”", "das Formular mit „{what}“ gesendet"),
    "searched": ("searched for “{what}”", "nach „{what}“ gesucht"),
    "went_back": ("went back", "zurückgegangen"),
    "reloaded": ("loaded the page again", "die Seite neu geladen"),
    "found_for": ("Found for “{what}”:", "Gefunden zu „{what}“:"),
    "not_found": (
        "I found nothing here that fits “{what}”.",
        "Hier habe ich nichts gefunden, was zu „{what}“ passt.",
    ),
    "no_form": ("I found no form here for that.", "Dafür habe ich hier kein Formular gefunden."),
    "no_field": ("I found no field here that fits “{what}”.", "Hier passt kein Feld zu „{what}“."),
    "no_results": ("The search found nothing for “{what}”.", "Die Suche fand nichts zu „{what}“."),
    "no_evidence": (
        "I looked at {pages} page(s) and found nothing that answers this.",
        "Ich habe {pages} Seite(n) angesehen und nichts gefunden, was das beantwortet.",
    ),
    "nothing_happened": (
        "I pressed “{what}”, but nothing happened on the page.",
        "Ich habe „{what}“ gedrückt, aber auf der Seite geschah nichts.",
    ),
    "unverified": (
        "I sent the form with “{what}”, but the page does not say whether that worked.",
        "Ich habe das Formular mit „{what}“ gesendet, aber die Seite sagt nicht, ob es geklappt hat.",
    ),
    "rejected": ("The page did not take it: “{what}”", "Die Seite hat es nicht angenommen: „{what}“"),
    "call_failed": ("“{what}” could not be used: {why}", "„{what}“ ließ sich nicht benutzen: {why}"),
    "refused": ("You said no, so I stopped.", "Du hast abgelehnt, deshalb habe ich aufgehört."),
    "login": (
        "Please log in yourself: passwords and codes stay with you. Then tell me how to go on.",
        "Bitte selbst anmelden: Passwörter und Codes bleiben bei dir. Sag mir danach, wie es weitergeht.",
    ),
    "captcha": (
        "The page wants to know that you are a person. Please solve that yourself.",
        "Die Seite will wissen, dass du ein Mensch bist. Bitte löse das selbst.",
    ),
    "out_of_scope": (
        "This page is not part of the site, so I do nothing on it.",
        "Diese Seite gehört nicht zur Website, deshalb tue ich hier nichts.",
    ),
    "not_allowed": ("The site does not allow {tool}.", "Die Website erlaubt {tool} nicht."),
    "budget": ("The steps of this task are used up.", "Die Schritte dieser Aufgabe sind aufgebraucht."),
    "empty_page": ("The page shows nothing to read.", "Die Seite zeigt nichts zu lesen."),
    "internal": ("Something went wrong while deciding.", "Beim Entscheiden ging etwas schief."),
}


def say(name: str, language: str, /, **values: object) -> str:
    """The sentence `name` in `language` ('de', else English)."""
    return _TEXTS[name][language == "de"].format(**values)
