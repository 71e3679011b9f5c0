"""A small, believable web site with misbehaving corners, served on loopback."""

from rover_site.demo.origin_log import Entry, OriginLog
from rover_site.demo.page import Page
from rover_site.demo.server import DemoSite
from rover_site.demo.thread import DemoSiteThread

__all__ = ["DemoSite", "DemoSiteThread", "Entry", "OriginLog", "Page"]
