"""What is known: files, metadata, advisories, licences, names, and verdicts. Values and their readers alone."""
