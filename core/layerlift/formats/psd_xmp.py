"""The XMP packet of our PSDs: the recognised text where other programs look for it, and the whole description.

Law: knows the packet and the description, no PSD structure. Live type layers would need a text engine and the user's
fonts; XMP's `photoshop:TextLayers` (XMP Specification Part 2, §4.4, Photoshop namespace) is the standard place for
what text layers say. `layerlift:stack` holds the manifest's JSON, layers keyed by their order (PSD layer id − 1).
"""

from __future__ import annotations

from xml.etree import ElementTree
from xml.sax.saxutils import escape

from layerlift.errors import InputError
from layerlift.formats import manifest
from layerlift.formats.xml_text import NOT_XML, clean
from layerlift.imaging.layer import LayerStack

_OURS = "urn:layerlift:stack:1:"
_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
    xmlns:layerlift="{ours}">
   <xmp:CreatorTool>Layerlift</xmp:CreatorTool>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
   <photoshop:TextLayers><rdf:Bag>{texts}</rdf:Bag></photoshop:TextLayers>
   <layerlift:stack>{stack}</layerlift:stack>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
_TEXT = (
    '<rdf:li rdf:parseType="Resource"><photoshop:LayerName>{name}</photoshop:LayerName>'
    "<photoshop:LayerText>{text}</photoshop:LayerText></rdf:li>"
)


def encode(stack: LayerStack) -> bytes:
    """The packet for `stack`, UTF-8."""
    described = manifest.encode(stack, [None] * len(stack.layers), indent=None).decode()
    texts = [
        _TEXT.format(name=escape(clean(layer.name)), text=escape(clean(layer.text.content)))
        for layer in stack.layers
        if layer.text is not None
    ]
    return _PACKET.format(
        ours=_OURS, title=escape(clean(stack.name)), texts="".join(texts), stack=escape(_ascii(described))
    ).encode()


def decode(packet: bytes) -> manifest.Description | None:
    """The description in `packet`, or None where there is none that can be understood (it only adds to the layers)."""
    try:
        found = ElementTree.fromstring(packet).find(f".//{{{_OURS}}}stack")
        return None if found is None or not found.text else manifest.decode(found.text)
    except (ElementTree.ParseError, InputError):
        return None


def _ascii(described: str) -> str:
    """JSON escapes for what XML cannot hold, so that nothing is lost."""
    return NOT_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", described)
