"""The embedded engine: OCR, saliency, matting, surface peeling and inpainting, on any laptop without a download.

Peeling order: text first (it lies on top), then subjects, then flat elements, then the background that remains.
"""
