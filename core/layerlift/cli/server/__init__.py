"""The commands that speak with servers. Floor: the client; only `serve`, `page` and `doctor` know layerlift_server."""
