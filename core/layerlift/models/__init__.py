"""The real models: what they are, what fits this machine, where their weights lie and how they get here.

Law: loads no model and imports neither torch nor a picture library: `layerlift models` must answer at once. What knows
torch (to ask how much memory there is) asks through importlib, inside a function, and does without where it is missing.

    model       the nouns: Model, Variant, Part, Installed
    catalogue   the models that Layerlift can use, with their sources and licences
    machine     how much memory and disk there is, and of what kind
    plans       which weights in which form, kept where: predicted before anything is loaded
    store       what is here already, wherever it came from
"""
