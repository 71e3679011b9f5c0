"""The words by which wishes are told apart, as patterns. English and German."""

import re
from typing import Final

VERBS: Final = (
    r"click|press|tap|open|go|follow|visit|navigate|search|look|select|choose|pick|tick|check|untick"
    r"|uncheck|add|put"
    r"|buy|purchase|order|book|reserve|fill|enter|type|write|submit|send|subscribe|sign|register|tell"
    r"|show|read|list"
    r"|name|give|find|what|how|when|who|where|which|scroll|summari[sz]e|set|log|close|accept|dismiss|download"
    r"|klick\w*|dr(?:ü|ue)ck\w*|(?:ö|oe)ffne\w*|geh\w*|folge\w*|such\w*|w(?:ä|ae)hl\w*|hake?|kreuze?\w*"
    r"|lege?|pack\w*"
    r"|kauf\w*|bestell\w*|buche?n?|reservier\w*|f(?:ü|ue)ll\w*|gib|trag\w*|schreib\w*|schick\w*|send\w*"
    r"|abonnier\w*"
    r"|melde\w*|sage?|zeige?|lies|nenne?|finde?n?|was|wie|wann|wer|wo|welche\w*|schlie(?:ß|ss)\w*"
    r"|akzeptier\w*|lade"
)
STEP_VERBS: Final = (
    r"click|press|tap|select|choose|pick|tick|untick|add|open|search|type|go|klick\w*|w(?:ä|ae)hl\w*"
    r"|dr(?:ü|ue)ck\w*|(?:ö|oe)ffne\w*|lege?"
)
"""Verbs that begin something new even behind a bare comma."""
NEXT: Final = re.compile(
    rf"\s*[,;.]?\s+(?:and then|then|and|und dann|und anschlie(?:ß|ss)end|danach|anschlie(?:ß|ss)end|dann"
    rf"|und)\s+"
    rf"(?=(?:please |bitte )?(?:{VERBS})\b)|\s*;\s+(?=(?:{VERBS})\b)|(?<=[.!])\s+(?=(?:then "
    rf"|dann )?(?:{VERBS})\b)|\s*,\s+(?=(?:{STEP_VERBS})\b)",
    re.I,
)
QUOTED: Final = re.compile(r"[\"“„»«]([^\"“”„»«]{1,500})[\"”“»«]|(?<!\w)['‚‘]([^'‘’]{1,500})['’‘](?!\w)")
FREE_TEXT: Final = re.compile(
    r"\b(?:message|comment|note|text|nachricht|kommentar|anmerkung)\b\s*(?:[:=]|is\b|ist\b)", re.I
)
POLITE: Final = re.compile(
    r"^(?:(?:hi|hello|hey|hallo|please|bitte|kindly|then|dann|can you|could you|would you|will you|can i"
    r"|could i"
    r"|i(?:'d| would) like (?:you )?to|i want (?:you )?to|i need (?:you )?to|i wish to|help me(?: to)?|let'?s"
    r"|kannst du|k(?:ö|oe)nntest du|k(?:ö|oe)nnen sie|w(?:ü|ue)rdest du|ich m(?:ö|oe)chte|ich will"
    r"|ich w(?:ü|ue)rde gerne?"
    r"|hilf mir(?: dabei)?|mal)\b[\s,:!.]*)+",
    re.I,
)
SEND_IT: Final = re.compile(
    r"^(?:(?:then )?(?:submit|send)(?: (?:it|the form|this|them|off))*|(?:schick|send)\w*(?: (?:es"
    r"|das formular|sie|ihn))? ab"
    r"|absenden|abschicken|press enter|(?:sende|schicke?) (?:es|das formular|sie))\s*[.!]?$",
    re.I,
)
BACK: Final = re.compile(
    r"^(?:go |navigate |geh\w* )?(?:back|zur(?:ü|ue)ck)(?: (?:one page|to the (?:last|previous) page))?\W*$",
    re.I,
)
RELOAD: Final = re.compile(r"^(?:reload|refresh)\b|\bneu laden\b|^lade? .*\bneu\b|^aktualisiere\b", re.I)
SCROLL: Final = re.compile(r"^scroll", re.I)
LOGIN: Final = re.compile(
    r"^(?:log|sign) ?(?:me )?in\b|^logge?\b.*\bein\b|\beinloggen\b|^melde? mich an\W*$|^log into\b", re.I
)
ADD: Final = re.compile(
    r"^(?:add|put|place|drop|throw|lege?n?|packe?n?|tue?|stecke?)\s+(?P<what>.+?)\s+(?:to|in|into|on|auf)\s+"
    r"(?:(?:the|my|a|our|your|den|meinen|die|meine|das)\s+)?(?:shopping )?"
    r"(?:cart|basket|bag|trolley|wish ?list|warenkorb|einkaufswagen|merkliste|wunschliste)\W*$|"
    r"^(?P<german>.+?)\s+(?:in|auf)\s+(?:den|meinen|die|meine)\s+(?:warenkorb|einkaufswagen|merkliste"
    r"|wunschliste)"
    r"(?:\s+(?:legen|packen|tun|setzen))?\W*$",
    re.I,
)
BUY: Final = re.compile(
    r"^(?:buy|purchase|order|get me|kaufe?|bestelle?)\s+(?:me\s+|mir\s+)?(?P<what>.+)$"
    r"|^(?P<german>.+?)\s+(?:kaufen|bestellen)\W*$",
    re.I | re.S,
)
TICK: Final = re.compile(
    r"^(?P<off>un)?(?:tick|check)\s+(?:off\s+)?(?P<what>.*\b(?:box|checkbox)\b.*|(?!.*\b(?:if|whether"
    r"|when|hours|price)\b).+)$|"
    r"^(?:hake|kreuze?)\s+(?P<german>.+?)\s+an\W*$|^(?:setze?)\s+(?:ein(?:en)? )?(?:haken"
    r"|häkchen)\s+(?:bei|an)\s+(?P<bei>.+)$",
    re.I,
)
CHOOSE: Final = re.compile(
    r"^(?:select|choose|pick|w(?:ä|ae)hle?n?(?: sie)?)\s+(?P<what>.+?)"
    r"(?:\s+(?:as|for|from|in|under|als|bei|f(?:ü|ue)r|aus|unter)\s+(?:(?:the|my|a|an|die|der|das|den"
    r"|dem)\s+)?(?P<field>[^,.]+?))?"
    r"(?:\s+aus)?\W*$",
    re.I,
)
TYPE: Final = re.compile(
    r"^(?:type|enter|write|put|trage?|gib|schreibe?|tippe?)\s+(?P<what>.+?)\s+(?:in|into|as|for|to|unter"
    r"|als|bei|ins)\s+"
    r"(?:(?:the|my|a|das|den|die|dem|der)\s+)?(?P<field>[^,.]{1,60}?)(?:\s+(?:field|box|input|feld"
    r"|ein))*\W*$|"
    r"^(?:set|change|setze?|[äa]ndere)\s+(?:(?:the|my|das|den|die)\s+)?(?P<left>[^,.]{1,60}?)\s+(?:to|auf"
    r"|zu)\s+(?P<right>.+?)\W*$",
    re.I,
)
FORM: Final = re.compile(
    r"\b(?:fill|submit|complete|send)\b.*\bform\b|\bformular\b|^fill\b|\bausf(?:ü|ue)ll|^f(?:ü"
    r"|ue)ll\w*\b.*\baus\b"
    r"|^(?:create|open) (?:an? )?(?:\w+ )?account\b|^(?:subscribe|sign (?:me |us )?up|register|book"
    r"|reserve|make an? (?:\w+ )?(?:booking|reservation"
    r"|appointment)"
    r"|request|apply|contact them|write (?:them|to them)|send (?:them|you|a message|an? (?:enquiry"
    r"|inquiry|email))|abonnier"
    r"|buche|reservier|registrier|melde? (?:mich|uns)\b|bewirb|schick\w* (?:ihnen|eine)|frage? .*\ban\b)\w*"
    r"|\b(?:reservieren|buchen|abonnieren|registrieren|anmelden|bewerben|anfragen|vereinbaren)(?:\W*$"
    r"|\s+(?:mit|für|fuer|am|auf|unter)\b)",
    re.I,
)
CLICK: Final = re.compile(
    r"^(?:cancel|delete|remove|unsubscribe|hide|save|l(?:ö|oe)sche?n?|entferne?n?|k(?:ü|ue)ndige?n?"
    r"|storniere?n?|click|press|tap|hit|push|follow|visit|dr(?:ü|ue)cke?n?|klicke?n?|folge?|tippe? auf|close"
    r"|dismiss|accept|decline|reject"
    r"|expand|collapse|play|pause|download|log ?out|sign ?out|akzeptiere?n?|schlie(?:ß|ss)e?n?"
    r"|lade?\b.*\bherunter"
    r"|open (?!on\b|at\b|until\b|today\b|now\b|from\b|tomorrow\b)|(?:ö|oe)ffne?n?\b|go to|navigate to"
    r"|take me to|bring me to"
    r"|show me the .* page|geh\w* (?:zu|auf|zur|zum|in|ins)\b|rufe? .* auf\W*$|navigiere|bring mich (?:zu"
    r"|zur|zum))",
    re.I,
)
CLICK_VERB: Final = re.compile(
    r"^(?:(?:click|press|tap|hit|push|follow|visit|open|dr(?:ü|ue)cke?n?|klicke?n?|folge?|tippe?|(?:ö"
    r"|oe)ffne?n?|go to|navigate to"
    r"|take me to|bring me to|show me|geh\w*|rufe?|navigiere|bring mich)\b\s*)(?:(?:on|at|up|auf|zu|zur"
    r"|zum|in|ins|den|die|das|dem|the"
    r"|a|an|link|button|knopf|schaltfläche|named|called|labelled|namens)\b\s*)*",
    re.I,
)
KEEPS_VERB: Final = re.compile(
    r"^(?:close|dismiss|accept|decline|reject|expand|collapse|play|pause|download|log|sign|cancel|delete"
    r"|remove"
    r"|unsubscribe|hide|save|akzept|schlie|lade|l(?:ö|oe)sch|entfern|k(?:ü|ue)ndig|stornier|speicher)",
    re.I,
)
NOT: Final = re.compile(
    r"^(?:please )?(?:do ?n[o']t|don’t|do not|never|no need to|niemals)\b[^,.;]*"
    r"(?:[,.;]\s*(?:(?:but|just|instead|rather|sondern|nur)\s+)*|$)",
    re.I,
)
NOT_DOING: Final = re.compile(
    r"^(?:klick|dr(?:ü|ue)ck|(?:ö|oe)ffne|leg|bestell|kauf|buch|reservier|abonnier|send|schick|w(?:ä"
    r"|ae)hl|such)\w*\b"
    r"[^,.;]*\b(?:nicht|nichts|keinen?)\b",
    re.I,
)
GOING: Final = re.compile(
    r"^(?:go|open|visit|navigate|take|bring|follow|(?:ö|oe)ffne|geh|navigier|ruf|folge?)\w*\b", re.I
)
UNSENT: Final = re.compile(
    r"\b(?:do ?n[o']t|do not|never|without|not) (?:\w+ )?(?:submit|send|press|order|book)"
    r"|\bwithout (?:submitting|sending)"
    r"|\b(?:nicht|ohne) (?:\w+ )?(?:zu )?(?:ab)?(?:schick|send)\w*|\bonly fill\b|\bnur ausf(?:ü|ue)llen",
    re.I,
)
NOISE: Final = frozenset(
    [
        "link",
        "button",
        "page",
        "tab",
        "menu",
        "section",
        "item",
        "icon",
        "website",
        "site",
        "knopf",
        "schaltflaeche",
        "seite",
        "reiter",
        "menue",
        "bereich",
        "the",
        "a",
        "an",
        "field",
        "box",
        "checkbox",
        "option",
        "feld",
        "kaestchen",
        "haekchen",
    ]
)
IT: Final = frozenset(
    ["it", "them", "that", "one", "ihn", "sie", "es", "dieses", "diese", "diesen", "das", "this"]
)
ARTICLE: Final = re.compile(r"^(?:the|a|an|my|der|die|das|den|dem|ein|eine|einen|meine?n?)\s+", re.I)
GERMAN: Final = re.compile(
    r"\b(?:klick\w*|oeffnen?|such(?:e|en)|waehle?n?|leg(?:e|en)|bestell\w+|reservier\w+|buch(?:e|en)"
    r"|fuelle?n?"
    r"|druecke?n?|abonnier\w+|kauf(?:e|en)|schliessen?|bitte|warenkorb)\b",
    re.I,
)
"""Words of wishes that are of no other language; a short wish has no others."""
QUESTION: Final = re.compile(
    r"\?\s*$|^(?:what|how|when|who|where|which|why|is|are|do|does|can|tell|show|find|list|read|was|wie"
    r"|wann|wer|wo|welche|gibt|ist|"
    r"sind|hat|sag|nenn|zeig|summari)", re.I
)  # fmt: skip
