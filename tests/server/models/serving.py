"""The product's own server, as a process, with the engines of these tests in its worker."""

from __future__ import annotations

import sys

from layerlift_server.lifecycle import desk, serve
from layerlift_server.settings import Settings

if __name__ == "__main__":
    sys.exit(serve(Settings.from_environment(), jobs=lambda own: desk(own, engines="server.models.engines")))
