"""Ground-truth stacks for the refinement bench, and what a layered diffusion model makes of them."""
