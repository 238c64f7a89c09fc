/** Making elements. Law: knows the DOM and nothing of ours; no markup is ever parsed, no style attribute ever written. */

/** `<tag …attributes>children</tag>`: "on…" are listeners, booleans are presence, children may be null. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** A drawing out of icons.svg, for the eye alone. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `${new URL("../icons.svg", import.meta.url).pathname}#${name}`);
  svg.append(use);
  return svg;
}

/** A button: `label` is what it says; `name` what it is called where that is not enough. */
export function button(label, onclick, { kind = "", name = null, picture = null, ...more } = {}) {
  const inside = [picture && icon(picture), label && el("span", {}, label)];
  return el("button", { type: "button", class: `button ${kind}`, "aria-label": name, title: label ? null : name, onclick, ...more }, ...inside);
}

/** Replace what is in `parent`, and keep the focus on what had it, by its `data-focus`. */
export function fill(parent, ...children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
  parent.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
  if (focused !== undefined) parent.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
}

/** Show or hide. */
export function shown(element, visible) {
  element.hidden = !visible;
  return element;
}

/** Whether the person asked for less movement. */
export function calm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
