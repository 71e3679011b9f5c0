"""`python -m rover_site.cli`, the same as `rover`."""

import sys

from rover_site.cli import main

sys.exit(main())
