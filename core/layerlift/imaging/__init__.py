"""Pixels and the mathematics on them. Floor: numpy, OpenCV and Pillow's colour engine; no engine, no file format."""
