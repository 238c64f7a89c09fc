"""The protocol, sans-IO: what is said between a host and the server, byte by byte, and in which order.

Floor: standard library only, Python 3.10; imports nothing else of ours and opens no socket, so that it can be vendored
into any host (the installer copies this folder into the plugins). docs/protocol.md is its normative description.
"""
