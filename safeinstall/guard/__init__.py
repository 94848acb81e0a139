"""``safe-pip guard``: pip, started by its own names, behind the gate. Three walls, each for who gets past the others.

Shims stand where ``pip`` was, and start safe-pip. An entry in pip's configuration stops a pip that is reached in
another way. A folder first on PATH serves shells outside of environments. All of it is recorded, and taken back byte
for byte.
"""
