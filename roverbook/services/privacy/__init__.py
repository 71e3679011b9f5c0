"""What is kept, for how long, and what is forgotten when somebody asks: see docs/privacy.md."""
