"""What changes the workspace; every service writes its row of the audit log in the same transaction."""
