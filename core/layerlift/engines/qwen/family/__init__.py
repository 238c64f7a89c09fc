"""The sisters of the layered model: edits by words (Qwen-Image-Edit-2511), pictures from words (Qwen-Image-2512), and
filling holes with either.

    editing     edit: one picture or layer changed by a prompt, with references
    painting    generate and inpaint
    holes       what is to be filled, before it is
    canvas      pictures in and out of a pipeline, at sizes that it can do
    drawing     one call of a pipeline: defaults, seed, progress, cancel, soundness
    siblings    several pipelines over one set of weights
    ground      the plain colour that a layer is laid on
    matte       off it again, with a new soft alpha;  solid: what is surely foreground
    sizes       the sizes that the edit pipelines would not let one choose
    mrope       where the words of a picture stand: the positions that diffusers forgets to pass on
"""
