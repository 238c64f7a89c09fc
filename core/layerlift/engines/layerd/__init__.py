"""The LayerD-style engine: matte what stands in front, fill what was behind it, and do the same with what remains.

After T. Suzuki et al., "LayerD: Decomposing Raster Graphic Designs into Layers", ICCV 2025 (arXiv 2509.25134), with
BiRefNet and LaMa as ONNX files. Only `network` knows onnxruntime.

    engine    the Engine port        peel     one layer off, and when to stop
    matting   BiRefNet               filling  LaMa, or the quick engine's filling without it
    palette   few flat colours: clean grounds
    edges     exact edges of flat things
"""
