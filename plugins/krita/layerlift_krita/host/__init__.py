"""The only room that touches Krita: everything Krita-specific, with each quirk explained where it is obeyed.

Measured on Krita 5.1.5, 5.2.9 and 5.3.4 unless a comment says otherwise.
"""
