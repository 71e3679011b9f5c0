"""What a key is for."""

from enum import StrEnum

TEST_TTL_DAYS = 90
MAX_TTL_DAYS = 3650


class Environment(StrEnum):
    """The deployment that a key belongs to; also decides how strict its domain rules are."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"
    TEST = "test"

    @property
    def default_ttl_days(self) -> int:
        """Days until expiry when none are given; 0 is never."""
        return TEST_TTL_DAYS if self is Environment.TEST else 0
