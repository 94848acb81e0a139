"""Who built the files of a report: the values, and the words for a reader."""
