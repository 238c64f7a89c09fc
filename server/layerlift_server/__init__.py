"""The local server: one process that owns the engines and speaks the protocol to every host.

Floor: knows the library (`layerlift`) and aiohttp; no plugin knows it, and it knows no plugin. The serving process
never imports an engine: those live in the worker.
"""
