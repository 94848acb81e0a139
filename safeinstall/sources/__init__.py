"""The world: HTTP, indexes, archives, advisories, pip itself. Concurrency lives here."""
