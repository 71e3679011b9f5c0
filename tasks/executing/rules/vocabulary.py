"""The words that make a wish one of its kind: they say what is wanted, and nothing of what about."""

from enum import StrEnum

from tasks.executing.rules.words import stem


class Kind(StrEnum):
    """The kinds of wishes."""

    FIND = "find"
    READ = "read"
    LIST = "list"
    LATEST = "latest"
    SUMMARISE = "summarise"
    PRICE = "price"
    CONTACT = "contact"
    HOURS = "hours"
    FOLLOW = "follow"
    SEARCH = "search"
    FORM = "form"


LATEST_WORDS = """
latest newest recent recently last news new current neueste neuesten neuester neuestes neue neues
aktuelle aktuellen aktuellster aktuellste aktuellsten letzte letzten letzter letztes juengste juengsten
most was whats
"""
POST_WORDS = """
article articles post posts news entry entries story stories update updates blog blogpost announcement
announcements artikel beitrag beitraege eintrag eintraege neuigkeit neuigkeiten nachricht nachrichten
meldung meldungen blogbeitrag blogbeitraege blogeintrag aktuelles published veroeffentlicht release
thing things
"""
POSTS = frozenset(stem(word) for word in POST_WORDS.split())
"""Stems of what dated entries are called."""

_TABLES = {
    Kind.READ: """
content contents full inhalt lese lesen lies read text vorlesen whole
""",
    Kind.LIST: """
alle angeboten arten auf auflisten available biete bietet every kind kinds list liste listen lists name
names offer offers overview sell sold types verfuegbar verkaufen verkauft welche zaehl zaehle
""",
    Kind.LATEST: LATEST_WORDS + POST_WORDS,
    Kind.SUMMARISE: """
brief briefly darum fass fasse geht kurz overview sentence sentences short summarise summarize summary
tldr ueberblick words worum zusammen zusammenfassen zusammenfassung
""",
    Kind.PRICE: """
bezahlen billigste billigsten buy charge charges cheap cheapest cost costs dearest expensive fee fees
gebuehr gebuehren guenstigste guenstigsten kaufen kosten kostet least most paid pay preis preise
preisliste price prices pricing teuer teuerste teuersten zahlen
""",
    Kind.CONTACT: """
address adresse anrufen anschrift befindet call contact e email emailadresse erreichbar erreiche
erreichen impressum kontakt kontaktdaten kontaktieren liegt located location mail mailadresse number
nummer phone postal reach ruf rufnummer schreiben speak telefon telefonnummer telephone write
""",
    Kind.HOURS: """
auf business close closed closes closing day days dienstag dienstags donnerstag donnerstags freitag
freitags friday fridays geoeffnet geschlossen heute hour hours macht mittwoch mittwochs monday mondays
montag montags oeffnet oeffnungszeit oeffnungszeiten offen on open opening opens samstag samstags
saturday saturdays schliesst shut sonnabend sonntag sonntags sunday sundays thursday thursdays time
times today tuesday tuesdays uhr uhrzeit visiting wednesday wednesdays weekend weekends wochenende zu
""",
    Kind.FOLLOW: """
auf bereich bring button called click folge folgen follow geh gehe gehen genannt go klick klicke klicken
labelled link links menu named namens navigate navigiere oeffne oeffnen open ruf rufe section take visit
""",
    Kind.SEARCH: """
benutze box durchsuche durchsuchen ergebnisse function look nutze results search such suche suchen
suchfunktion sucht use using verwende
""",
    Kind.FORM: """
ab abschicken absenden aus ausfuellen complete ein eintragen enter fill form formular fuell fuelle
fuellen schick schicke send sende set submit trage values werten
""",
}
OWN_WORDS = {kind: frozenset(_TABLES.get(kind, "").split()) for kind in Kind}
"""Folded words by kind; a question has none of its own."""
