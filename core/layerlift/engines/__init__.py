"""Who proposes layers: the Engine port and everything behind it. Floor: knows imaging; no server, no file format."""
