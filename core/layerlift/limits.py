"""Every limit of the library, named, each with its reason. Law: stdlib only; numbers, no behaviour."""

MAX_PIXELS = 150_000_000
"""Largest document, in pixels (about 12 200 × 12 200). A decomposition holds the document, one finished full-size
background and the cropped layers in memory, each full-size one 600 MB at this limit and 8 bit."""

MAX_SIDE = 100_000
"""Longest side of a document, in pixels: beyond it a header is damaged more often than a picture is that long."""

MAX_LAYERS = 64
"""Most layers a stack may hold: more cannot be worked with in a layers panel."""

MIN_ANALYSIS_SIDE = 32
"""A document thinner than this (in pixels) holds nothing to take apart: it becomes a single background layer."""

PSD_MAX_SIDE = 30_000
"""Photoshop's PSD limit per side (Adobe Photoshop File Formats Specification, "File Header Section");
above it the PSB variant is written."""
