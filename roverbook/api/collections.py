"""RoverBook's collections for owners' scripts: a page as JSON, or all that is filtered as a file."""

from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from roverbook.selectors.collections.exporting import collection_file
from roverbook.selectors.collections.reading import COLLECTIONS, Collection, collection_page, sites_asked
from roverbook.selectors.collections.wanted import Question, read_question
from workspace.api.envelope import NO_STORE
from workspace.api.permissions import HasScope
from workspace.api.views import READ_SCOPES, actor_of, caller
from workspace.core.tokens import Scope
from workspace.io.exporting import ExportFormat
from workspace.services.exports import export_noted


class CollectionView(APIView):
    """`/v1/roverbook/collections/<name>`, for owner tokens with scope `read` or `manage`."""

    permission_classes = [IsAuthenticated, HasScope]
    required_scope: Scope | tuple[Scope, ...] = READ_SCOPES
    collection = ""

    def get(self, request: Request) -> HttpResponseBase:
        """A page of the records, newest first, and the cursor of the next; with `format` all of them."""
        collection = COLLECTIONS[self.collection]
        question = read_question(
            collection.name,
            collection.filters,
            dict(request.query_params.lists()),
            most=collection.most,
            has_times=collection.has_times,
            has_words=collection.has_words,
        )
        if question.form:
            return self._file(request, collection, question)
        found, cursor = collection_page(caller(request), collection, question)
        return Response({"data": found, "nextCursor": cursor}, headers={"Cache-Control": NO_STORE})

    def _file(self, request: Request, collection: Collection, question: Question) -> HttpResponseBase:
        sites, now = sites_asked(caller(request), question.wanted), timezone.now()
        export_noted(
            actor=actor_of(request),
            what=collection.name,
            form=question.form,
            filters=question.wanted.given(),
            now=now,
            site=sites.first() if question.wanted.site_id else None,
        )
        return collection_file(
            sites,
            collection,
            question.wanted,
            form=ExportFormat(question.form),
            name=f"{collection.name}-{now:%Y-%m-%d}",
        )
