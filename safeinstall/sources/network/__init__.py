"""How is the network reached? Door: ``http`` (the client), ``settings``, ``urls``, ``transport`` (limits, errors),
``content_coding``, ``httpx_transport`` (to warm it up) and ``progress``. Knows no other room.
"""
