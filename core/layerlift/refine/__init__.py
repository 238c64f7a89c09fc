"""A rough low-resolution stack and the document in; exact full-resolution layers out. Floor: knows imaging only."""
