"""Flat design elements: surfaces → pieces → completed shapes in depth order → designers' groups → alpha and colour."""
