"""Continuing what a lifted element hid: polynomial ground, membrane, or copied patches, decided per hole."""
