"""What is read of the workspace."""
