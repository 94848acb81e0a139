"""What does the target's pip understand, and what does it do for us? Door: ``host``, ``descriptions``, ``builds``,
``configuration``, ``environment``, ``installed`` and ``streams``; of ``hosted``, which runs in the target, its
constants and the form of a journal.
"""
