"""The sisters of the layered model: edits by words (Qwen-Image-Edit-2511), pictures from words (Qwen-Image-2512), and
filling holes with either.

    editing     edit: one picture or layer changed by a prompt, with references
    painting    generate and inpaint
    matte       a layer on a plain ground and off again, with a new soft alpha
    canvas      pictures in and out of a pipeline, at sizes that it can do
    drawing     one call of a pipeline: defaults, seed, progress, cancel, soundness
    siblings    several pipelines over one set of weights
    mrope       where the words of a picture stand: the positions that diffusers forgets to pass on
"""
