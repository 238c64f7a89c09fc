"""The process that owns the engines.

Law: the serving process imports `process`, `messages`, `manifest` and `entry` from here, which are light; everything
else runs in the child alone.
"""
