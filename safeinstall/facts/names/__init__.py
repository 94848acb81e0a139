"""How project names resemble each other: slips, and what the eye reads alike."""
