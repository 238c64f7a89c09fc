"""Subjects cut out with soft edges: saliency and islands propose, matting cuts, colours are estimated."""
