"""The public files by which agents find out what a site offers."""
