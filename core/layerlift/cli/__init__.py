"""The command line. Floor: knows the whole library; nothing knows it. Only files here print or read `sys.argv`."""
