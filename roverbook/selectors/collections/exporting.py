"""A collection as a file: CSV, JSON, NDJSON; read while the client reads."""

from collections.abc import Iterator

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from roverbook.selectors.collections.reading import Collection, collection_chunks
from roverbook.selectors.collections.wanted import Wanted, flat
from workspace.io.exporting import ExportFormat, Rows, export_response
from workspace.models import Site


def collection_file(
    sites: QuerySet[Site], collection: Collection, wanted: Wanted, *, form: ExportFormat, name: str
) -> StreamingHttpResponse:
    """Everything that the question asks for, as a download. In CSV the members of some objects are columns of
    their own; in the other forms records are whole."""
    columns = collection.columns
    chunks: Iterator[Rows] = collection_chunks(sites, collection, wanted)
    if form.extension == "csv":
        chunks = ([flat(record, columns) for record in chunk] for chunk in chunks)
    return export_response(chunks, columns=columns, form=form, name=name)
