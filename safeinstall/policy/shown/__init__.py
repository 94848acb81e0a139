"""A policy as people and tools look at it: differences, doubts, its schema, the pages of its rules."""
