"""Pixels and the mathematics on them. Floor: knows numpy, OpenCV and Pillow's colour engine; no engine, no file format."""
