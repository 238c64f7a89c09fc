"""Read → ask → insert, without a host: knows the wire's words and its own ports; no Qt, no Krita, no socket."""
