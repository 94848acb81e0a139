"""What a judged pip would ask of an index, or start, without having been asked to."""


def be_quiet(command):
    """Let *command* not look for a newer pip, and start no program to describe this machine to an index.

    pip looks for a newer one before the command begins (26.1 and later) or when it has ended, in whatever way: so the
    option is set as soon as there are options. Programs: ``rustc`` may be one that a file of the working directory
    chooses (rustup), and that would run before anything is judged (pip: network/session.py, ``user_agent``).
    """
    import pip
    from pip._internal.network import session

    parse = command.parse_args

    def parse_args(args):
        options, rest = parse(args)
        options.disable_pip_version_check = True
        return options, rest

    command.parse_args = parse_args
    session.user_agent = lambda: "pip/%s" % pip.__version__
