"""What becomes of an installation that does not end well? Door: ``installing`` (of this run), ``recovery`` and
``journals`` (of runs that were killed).
"""
