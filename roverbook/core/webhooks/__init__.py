"""What a webhook says, how it is signed, when it is sent again, and what owners may set."""
