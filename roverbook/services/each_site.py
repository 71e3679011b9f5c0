"""Doing something for many sites, where one of them must not keep the others waiting."""

import logging
from collections.abc import Callable, Iterable

from workspace.models import Site

log = logging.getLogger(__name__)


def each_site(sites: Iterable[Site], job: Callable[[Site], object]) -> int:
    """For how many of `sites` it was done; what fails is logged."""
    done = 0
    for site in sites:
        try:
            job(site)
            done += 1
        except Exception:
            log.exception("RoverBook could not count site %s", site.public_id)
    return done
