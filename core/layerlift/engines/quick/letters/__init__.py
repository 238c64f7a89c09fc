"""From a recognised line to its letters: patch → background → glyphs → ink → blocks. Knows no recogniser."""
