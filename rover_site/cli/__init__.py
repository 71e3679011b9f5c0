"""The console script `rover`: one root command whose subcommands are imported when they are called."""

import sys
from collections.abc import Sequence

from rover_site.cli.failures import run_and_report
from rover_site.cli.root import root

__all__ = ["main", "root"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (that of this process when none is given) and return its exit code."""
    return run_and_report(root, list(sys.argv[1:] if arguments is None else arguments))
