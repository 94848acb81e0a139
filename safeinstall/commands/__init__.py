"""Our own commands, one module each, loaded only when called.

Each has ``main(argv, environ, policy) -> exit code``: *argv* without the command's name, *policy* the value of
``--policy`` if one was given.
"""
