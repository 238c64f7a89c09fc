"""Models small enough for tests: the real classes with tiny random weights, in the real layout on disk."""
