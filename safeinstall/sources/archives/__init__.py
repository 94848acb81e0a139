"""What is in a wheel or source distribution, and where would it land? Door: ``archives`` (what may be opened),
``members`` (how a refusal is worded), ``checked_files``, ``wheel_record``; and against the target ``overlaps``,
``installed_overlaps``, ``destinations`` and ``file_names``.
"""
