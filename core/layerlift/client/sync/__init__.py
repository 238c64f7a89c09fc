"""The blocking client. The same files as in `asyncio/`, side by side: only how they wait differs."""
