"""What a wheel was made of: its files, those of its source distribution, and those of the commit that is attested.

Nothing of any of them is run, built, unpacked to the disk or checked out. Its door is ``origins.py``.
"""
