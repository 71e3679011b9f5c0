"""The commands of readers: tasks, batches and single pages on the command line."""
