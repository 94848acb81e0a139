"""The forms a run is told in. Values in, text out."""
