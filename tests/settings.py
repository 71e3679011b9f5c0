"""The server's settings in an environment made for tests: nothing of the person who runs them is read."""

import os
import tempfile
from pathlib import Path

_database_url = os.environ.pop("ROVER_TEST_DATABASE_URL", "")
for _name in [name for name in os.environ if name.startswith("ROVER_")]:
    del os.environ[_name]
if _database_url:  # the same suite on PostgreSQL: make test-postgres
    os.environ["ROVER_DATABASE_URL"] = _database_url
os.environ["ROVER_DATA_DIR"] = tempfile.mkdtemp(prefix="rover-test-")
os.environ["ROVER_SSRF_LEVEL"] = "loopback"

from rover_site.settings import *  # noqa: E402, F403
from rover_site.settings import DATABASES  # noqa: E402

# threads and processes of one test share the database, so it is a file
if not _database_url:
    DATABASES["default"]["TEST"] = {"NAME": str(Path(os.environ["ROVER_DATA_DIR"]) / "test.db")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; real hashing is Django's to test
