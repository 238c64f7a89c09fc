"""The Qwen-Image family: layers, edits and pictures from the real model.

Floor: the only room that knows torch, diffusers and transformers; it knows imaging and the models' store, no server, no
file format.
"""
