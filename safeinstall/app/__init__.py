"""The composition root: sources and the program put together, one run, what is said and kept of it."""
