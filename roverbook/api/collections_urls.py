"""Paths of RoverBook's collections, below /v1/roverbook/."""

from django.urls import path

from roverbook.api.collections import CollectionView
from roverbook.selectors.collections.reading import COLLECTIONS

urlpatterns = [
    path(f"collections/{name}", CollectionView.as_view(collection=name), name=f"roverbook-{name}")
    for name in COLLECTIONS
]
