"""One address for each file, below the site's id."""

from django.urls import path

from workspace.core.discovery.artefacts import ARTEFACTS
from workspace.discovery.views import ArtefactView

urlpatterns = [
    path(
        f"discovery/<str:site_id>/{artefact.name}",
        ArtefactView.as_view(artefact=artefact),
        name=f"discovery-{artefact.name}",
    )
    for artefact in ARTEFACTS.values()
]
