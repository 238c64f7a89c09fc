/** The golden vectors against the page's codec: a list of what is wrong. Runs in Node and in a browser alike. */

export function check({ codec, messages }, { values, said, refused }) {
  const wrong = [];
  const attempt = (name, deed) => {
    try {
      deed();
    } catch (error) {
      wrong.push(`${name}: ${error.message}`);
    }
  };
  const same = (got, wanted) => {
    const [left, right] = [canonical(got), canonical(wanted)];
    if (left !== right) throw new Error(`${left} instead of ${right}`);
  };
  for (const { name, hex, value } of values) {
    attempt(`${name} read`, () => same(codec.decode(bytes(hex)), revived(value)));
    const float = hex.startsWith("cb") ? new codec.Float(value) : null; // JavaScript does not know 1.0 from 1
    if (inOrder(value)) attempt(`${name} written`, () => same(codec.encode(float ?? revived(value)), bytes(hex)));
  }
  for (const { name, from, hex, message } of said) {
    for (const side of from === "both" ? ["client", "server"] : [from]) {
      attempt(`${name} read`, () => same(messages.decodeMessage(bytes(hex), side), revived(message)));
      attempt(`${name} written`, () => same(messages.encodeMessage(revived(message), side), bytes(hex)));
    }
  }
  for (const { name, hex } of refused) {
    for (const side of ["client", "server"]) {
      attempt(`${name} refused`, () => {
        try {
          messages.decodeMessage(bytes(hex), side);
        } catch (error) {
          if (error instanceof codec.CodecError) return;
          throw error;
        }
        throw new Error("accepted");
      });
    }
  }
  return wrong;
}

function bytes(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** JSON has no bytes: they are {"$hex": "…"}. */
function revived(value) {
  if (Array.isArray(value)) return value.map(revived);
  if (value === null || typeof value !== "object") return value;
  if (typeof value.$hex === "string") return bytes(value.$hex);
  if (typeof value.$float === "string") return Number(value.$float);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revived(inner)]));
}

/** JavaScript's objects put keys that are whole numbers first, whatever their order was. */
function inOrder(value) {
  return value === null || typeof value !== "object" || !Object.keys(value).some((key) => /^[1-9]/.test(key)) || Array.isArray(value);
}

function canonical(value) {
  return JSON.stringify(value, (_, inner) => {
    if (inner instanceof Uint8Array) return `bytes ${Array.from(inner).join(" ")}`;
    return inner !== null && typeof inner === "object" && inner.constructor?.name === "Float" ? inner.value : inner;
  });
}
