"""The asyncio client. The same files as in `sync/`, side by side: only how they wait differs."""
