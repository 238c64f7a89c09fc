"""Every limit of the protocol, named, each with its reason.

Law: numbers only. "Bytes" of a text are bytes of its UTF-8. Both sides check every limit when they send and when they
receive, before anything is allocated for it.
"""

KIB = 1024

CHUNK = 256 * KIB
"""Most bytes of one chunk. Larger ones fall off an allocation cliff in a server's C library (measured: 4.7 GB/s at
256 KiB against 0.6 GB/s at 1 MiB in a fresh process); smaller ones pay for their messages."""

PREFIX = 21
"""Bytes before a chunk's data: `94 01 ce u32 cf u64 c6 u32`, always this wide."""

WINDOW = 8 * KIB * KIB
"""Most bytes of one transfer under way without an Ack: a hundred megabit line with 0.5 s of delay stays busy, and 16
transfers cannot hold more than 128 MiB of a server."""

ACK_EVERY = WINDOW // 4
"""An Ack is due after so many bytes: four in flight keep the sender from ever waiting on a healthy line."""

CONTROL = 128 * KIB
"""Most bytes of a message from a client, chunks aside. The largest, Submit with all its params, is under 100 KiB."""

MESSAGE = CHUNK + 4096
"""Most bytes of any message: a preview's picture (one chunk) and the words around it. The largest list of jobs
(`JOBS` entries with the longest words) is below it."""

TRANSFERS = 16
"""Most transfers at once on one connection: more does not go faster over one socket."""

DEPTH = 8
"""Deepest nesting of maps and arrays in a message. The deepest known message (a layer's text's line's quad) has 6."""

ITEMS = 16_384
"""Most values in one message, counting keys: three times the fullest list of jobs, and the slowest hostile message
takes an event loop a few milliseconds (measured: 6)."""

HELLO_SECONDS = 5.0
"""Hello must come within this time: a plug-in sends it at once, a slow loris never."""

EXACT = 2**53 - 1
"""Largest whole number on the wire: the largest that JavaScript's numbers hold exactly."""

SIDE = 1_000_000
"""Longest side that a message can state, in pixels: beyond every host's limit (Photoshop's is 300 000)."""

COORDINATE = 10_000_000
"""Furthest coordinate from a document's origin, either way: layers may hang out of the canvas, not out of reason."""

UPLOAD = 2**40
"""Largest upload that a message can state, in bytes (1 TiB). Each server states its own, far lower, in Welcome."""

ICC = 16 * KIB * KIB
"""Largest ICC profile. Press profiles (CMYK) have a few MiB."""

LATTICE = 33
"""Colours along each edge of a native document's table: 17 to 65 are usual, and 33³ five-channel colours of 16 bit are
360 KB."""

NAME = 255
"""Most bytes of a name (of a document, layer, program, device): what file systems allow for one."""

WORD = 100
"""Most bytes of a word out of a list (an engine, a role, a blend mode, a stage, a version)."""

SENTENCE = 500
"""Most bytes of one sentence for a user."""

REMEDY = 500
"""Most bytes of one remedy."""

TOKEN = 200
"""Most bytes of a token. Ours have 43 (32 random bytes, base64)."""

LINES = 256
"""Most lines of text in one layer: a dense page."""

CORNERS = 8
"""Numbers in a text line's quad: x, y of four corners."""

GROUPS = 16
"""Deepest path of groups that a layer sits in: Photoshop nests ten deep."""

LAYERS = 1024
"""Highest number of layers in a job that a message can state. Each server states its own in Welcome."""

PARAMS = 32
"""Most params of one job."""

PARAM = 3000
"""Most bytes of one param's text: a long prompt. All 32 together fit into a control message."""

NOTES = 32
"""Most notes of one finished job."""

ENGINES = 32
"""Most engines of one server."""

OPERATIONS = 16
"""Most operations of one engine."""

JOBS = 100
"""Most jobs in one list."""

DEVICES = 100
"""Most paired devices."""

RUNTIME_FILE = 4 * KIB
"""Largest runtime file that is read: ours has under 400 bytes."""

HEADERS = 16 * KIB
"""Most bytes of a websocket handshake's answer, before we give up on it."""
