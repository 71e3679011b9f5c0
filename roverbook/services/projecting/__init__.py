"""From logs to visits: what the projector does, round by round, and all of it anew."""

from roverbook.services.projecting.rebuilding import rebuild
from roverbook.services.projecting.rounds import projector_round
from roverbook.services.projecting.sweeping import visits_sweep

__all__ = ["projector_round", "rebuild", "visits_sweep"]
