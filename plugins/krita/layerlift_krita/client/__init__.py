"""The way to the server: Qt's sockets and timers around the wire's sans-IO rooms. Knows no Krita and no window."""
