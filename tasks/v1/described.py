"""Everything below /v1, for the document."""

from tasks.v1 import described_batches, described_tasks

TAGS = (described_tasks.TASKS, described_batches.BATCHES)
OPERATIONS = (*described_tasks.OPERATIONS, *described_batches.OPERATIONS)
