"""The decider's own sentences, in the language of the wish. Everything else in an answer is the site's."""

_TEXTS: dict[str, tuple[str, str]] = {
    "reading": ("Reading {url}.", "Ich lese {url}."),
    "searching": ("Searching the site for “{words}”.", "Ich durchsuche die Seite nach „{words}“."),
    "sending": ("Sending the form to {url}.", "Ich sende das Formular an {url}."),
    "understood": ("Looking for: {what}.", "Gesucht: {what}."),
    "no_evidence": (
        "I read {pages} page(s) of the site and found nothing that answers this.",
        "Ich habe {pages} Seite(n) gelesen und nichts gefunden, was das beantwortet.",
    ),
    "budget": (
        "The {what} of this task ran out before anything was found that answers this ({pages} page(s) read).",
        "Das Budget ({what}) war zu Ende, bevor etwas gefunden war, was das beantwortet ({pages} Seite(n) "
        "gelesen).",
    ),
    "which_price": (
        "There are several prices. Which one do you mean?",
        "Es gibt mehrere Preise. Welcher ist gemeint?",
    ),
    "did_you_mean": (
        "I found nothing of exactly that name. Which of these do you mean?",
        "Genau so heißt hier nichts. Was davon ist gemeint?",
    ),
    "which_hours": ("There are several opening hours. Whose?", "Es gibt mehrere Öffnungszeiten. Welche?"),
    "which_contact": ("There are several. Which one do you mean?", "Es gibt mehrere. Was davon ist gemeint?"),
    "which_link": ("Several links fit. Which one?", "Mehrere Links passen. Welcher?"),
    "which_page": (
        "Several pages answer this equally well. Which one?",
        "Mehrere Seiten passen gleich gut. Welche?",
    ),
    "which_form": ("There are several forms. Which one?", "Es gibt mehrere Formulare. Welches?"),
    "no_link": (
        "The page has no link that fits “{words}”.",
        "Die Seite hat keinen Link, der zu „{words}“ passt.",
    ),
    "no_form": ("I found no form that fits.", "Ich habe kein passendes Formular gefunden."),
    "form_refused": (
        "The form “{name}” is sent by {method}, which could change something on the site. I only send "
        "forms that ask.",
        "Das Formular „{name}“ wird per {method} gesendet und könnte etwas verändern. Ich sende nur "
        "Abfragen.",
    ),
    "form_secret": (
        "The form asks for a password or a file.",
        "Das Formular verlangt ein Passwort oder eine Datei.",
    ),
    "missing_values": ("The form needs more values.", "Das Formular braucht weitere Angaben."),
    "no_words": ("What shall I search for?", "Wonach soll ich suchen?"),
    "no_results": (
        "The site's search found nothing for “{words}”.",
        "Die Suche der Seite fand nichts zu „{words}“.",
    ),
    "results": ("Found for “{words}”:", "Gefunden zu „{words}“:"),
    "no_dates": (
        "I found no dated entries, so I cannot tell which is the newest.",
        "Ich habe keine datierten Einträge gefunden und kann nicht sagen, was das Neueste ist.",
    ),
    "empty_page": ("The page holds no text.", "Die Seite enthält keinen Text."),
    "no_subject": ("What are you looking for?", "Was wird gesucht?"),
    "and_more": ("… and {n} more.", "… und {n} weitere."),
    "no_day": (
        "The site names no hours for {days}. It names:",
        "Für {days} nennt die Seite keine Zeiten. Sie nennt:",
    ),
}
_DAYS = (
    ("Monday", "Montag"), ("Tuesday", "Dienstag"), ("Wednesday", "Mittwoch"), ("Thursday", "Donnerstag"),
    ("Friday", "Freitag"), ("Saturday", "Samstag"), ("Sunday", "Sonntag"),
)  # fmt: skip


def say(name: str, language: str, /, **values: object) -> str:
    """The sentence `name` in `language` ('de', else English)."""
    return _TEXTS[name][language == "de"].format(**values)


def day_name(number: int, language: str) -> str:
    """The name of a day of the week, 0 is Monday."""
    return _DAYS[number][language == "de"]
