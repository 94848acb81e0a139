"""What is known: files, releases, metadata, advisories, licences, names, and the verdicts on them. Values and readers alone."""
