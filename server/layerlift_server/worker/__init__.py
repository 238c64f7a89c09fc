"""The process that owns the engines. Law: `process` and the words of `messages` are all that the serving process may
import from here; everything else runs in the child alone."""
