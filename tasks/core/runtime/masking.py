"""What opens a door does not stand in a log: Rover's own tokens and keys, and credentials of HTTP."""

import re

MASK = "***"
_CREDENTIAL = re.compile(
    r"(?:rvrsess|pk_site|sk_site|agt_access|wf_access|rrc|rvo)_[A-Za-z0-9_.=-]+"
    r"|(?<![\w-])eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"
    r"|\bBearer\s{1,4}[A-Za-z0-9._~+/=-]{8,}|(?<=Authorization: )Basic \S+",
    re.IGNORECASE,
)


def masked_credentials(text: str) -> str:
    """`text` with *** for every token, key and credential that shows by its form what it is."""
    return _CREDENTIAL.sub(MASK, text)
