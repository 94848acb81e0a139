"""How a file is judged: evidence is gathered, rules are heard, and a verdict follows."""
