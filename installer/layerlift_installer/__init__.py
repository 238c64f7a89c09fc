"""Putting Layerlift's plug-ins into the programs that they are for.

Floor: knows the library's client and wire; no host's API, and no host needs to run.
"""
