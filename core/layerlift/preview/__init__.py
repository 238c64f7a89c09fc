"""A stack drawn into one picture for people: a contact sheet, or its layers exploded in the air.

Floor: knows imaging and Pillow; no engine, no file format.
"""

from layerlift.preview.exploded import exploded_view as exploded_view
from layerlift.preview.sheet import contact_sheet as contact_sheet
