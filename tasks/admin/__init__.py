"""Tasks in the workspace: agents' tasks and visitors' sessions among the pages of their site, other work in a
list of its own."""

from tasks.admin import background as _background  # noqa: F401 - registers its model on import
from tasks.admin import pages as _pages  # noqa: F401 - registers its pages on import
from tasks.admin import sessions_pages as _sessions_pages  # noqa: F401 - registers its pages on import
