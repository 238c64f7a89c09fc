/**
 * UTF-8, strict (RFC 3629): no overlong forms, no surrogates, nothing beyond U+10FFFF.
 *
 * Law: plain JavaScript. Hosts such as Photoshop's UXP have no TextEncoder and no TextDecoder.
 */

/** Bytes of `text`. A lone surrogate cannot be said and is refused (RangeError). */
export function encodeUtf8(text) {
  const bytes = [];
  for (const character of text) {
    const point = character.codePointAt(0);
    if (point >= 0xd800 && point <= 0xdfff) throw new RangeError("half a character (a lone surrogate)");
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), tail(point));
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), tail(point >> 6), tail(point));
    else bytes.push(0xf0 | (point >> 18), tail(point >> 12), tail(point >> 6), tail(point));
  }
  return Uint8Array.from(bytes);
}

/** How many bytes `text` has; half a character counts as the three that stand for it. */
export function utf8Length(text) {
  let length = 0;
  for (const character of text) {
    const point = character.codePointAt(0);
    length += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return length;
}

/** The text that `bytes` spell, or RangeError. */
export function decodeUtf8(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at];
    if (first < 0x80) {
      text += String.fromCharCode(first);
      at += 1;
      continue;
    }
    const more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4 || at + more >= bytes.length) throw new RangeError("not UTF-8");
    let point = first & (0x3f >> more);
    for (let next = 1; next <= more; next += 1) {
      const byte = bytes[at + next];
      if ((byte & 0xc0) !== 0x80) throw new RangeError("not UTF-8");
      point = (point << 6) | (byte & 0x3f);
    }
    if (point < FLOOR[more] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) throw new RangeError("not UTF-8");
    text += String.fromCodePoint(point);
    at += 1 + more;
  }
  return text;
}

/** `text` if its UTF-8 has at most `size` bytes, else its beginning and an ellipsis; half characters become "?". */
export function clipped(text, size) {
  const whole = Array.from(text, (character) => (/[\ud800-\udfff]/.test(character) && character.length === 1 ? "?" : character));
  const length = (characters) => utf8Length(characters.join(""));
  if (length(whole) <= size) return whole.join("");
  while (length(whole) > size - 3) whole.pop();
  return `${whole.join("").trimEnd()}…`;
}

/** The first code point that needs so many continuation bytes. */
const FLOOR = [0, 0x80, 0x800, 0x10000];

function tail(bits) {
  return 0x80 | (bits & 0x3f);
}
