"""Putting Layerlift's plug-ins into the programs that they are for. Knows the library's client and wire, no host's API."""
