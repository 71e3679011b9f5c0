"""The owners' pages, one module per entry of the side bar."""
