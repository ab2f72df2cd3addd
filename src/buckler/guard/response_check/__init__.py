"""What an answer may tell: ``judging`` says what looks like a secret, ``holding`` keeps it from going out."""
