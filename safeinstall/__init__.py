"""safe-pip: ``pip install``, only after every file has been judged against a policy."""

__version__ = "0.1.0"
