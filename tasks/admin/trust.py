"""How far an agent's identity can be believed, in words for people. What is not proved never looks proved."""

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.core.attribution import Trust
from tasks.core.printable import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustWords:
    """`symbol` and `word` stand beside the agent's name; `host` is the one that its signature proves, ''
    without proof; `sentence` says what the word rests on."""

    trust: Trust
    symbol: str
    word: str
    host: str
    sentence: str

    @property
    def is_proved(self) -> bool:
        """Whether a name may be shown as if it were true."""
        return self.trust is Trust.VERIFIED_SIGNED


def trust_word(trust: Trust) -> str:
    """What a tier is called."""
    return _WORDS[trust][1]


def trust_words(agent: Mapping[str, object], trust: str) -> TrustWords:
    """The words for a record as `tasks.core.attribution` writes it, and the trust stored with the task. What
    no version of ours wrote counts as anonymous."""
    known = Trust(trust) if trust in set(Trust) else Trust.ANONYMOUS
    signer = printable(str(agent.get("signatureAgent") or "")).partition("://")[2]
    if known is Trust.VERIFIED_SIGNED and not signer:
        known = Trust.SELF_REPORTED  # verified by whom?
    symbol, word, sentence = _WORDS[known]
    host = signer if known in (Trust.VERIFIED_SIGNED, Trust.SIGNED_DIRECTORY_ONLY) else ""
    return TrustWords(
        trust=known, symbol=symbol, word=word, host=host, sentence=sentence.format(host=host or "its signer")
    )


_WORDS: Mapping[Trust, tuple[str, str, str]] = {
    Trust.VERIFIED_SIGNED: (
        "✓",
        "verified",
        "Rover checked the signature of this very request against the keys that {host} publishes. The name "
        "is what the agent calls itself; what is proved is {host}.",
    ),
    Trust.SIGNED_DIRECTORY_ONLY: (
        "✎",
        "signed",
        "There is a signature with a key that {host} publishes, but it does not cover the whole request: "
        "somebody else may have sent it.",
    ),
    Trust.SELF_REPORTED: (
        "“”",
        "self-reported",
        "This is what the caller says of itself. Nothing proves it.",
    ),
    Trust.HEURISTIC: (
        "?",
        "guessed from headers",
        "Rover guessed this from the headers of the request. Anybody can write those.",
    ),
    Trust.ANONYMOUS: ("–", "anonymous", "The caller said nothing about itself."),
}
