"""What a client does in one go: ask, upload, watch, pull. Each survives a dropped connection by beginning again.

Floor: sans-IO. An exchange sees messages and a `Talk` to answer through; who moves the bytes, and whether by threads or
by an event loop, is none of its business.
"""
