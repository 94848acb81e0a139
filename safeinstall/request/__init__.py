"""What was asked: which words are ours, and what pip understood of the rest."""
