"""Paths of the public HTTP interface of tasks."""

from django.urls import path

from tasks.v1.views import BatchesView, BatchItemsView, BatchView

urlpatterns = [
    path("batches", BatchesView.as_view(), name="batches"),
    path("batches/<uuid:task_id>", BatchView.as_view(), name="batch"),
    path("batches/<uuid:task_id>/items", BatchItemsView.as_view(), name="batch-items"),
]
