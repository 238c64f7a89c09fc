/** What an accessibility checker would say of the page as it stands: a list of what is wrong. */

() => {
  const wrong = [];
  const seen = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility !== "hidden";
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
  const place = (element) => `${element.tagName.toLowerCase()}.${element.className?.baseVal ?? element.className} “${element.textContent.trim().slice(0, 30)}”`;

  const named = (element) => {
    const labels = [...(element.labels ?? [])].map((label) => label.textContent);
    const pointed = (element.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent);
    return [element.getAttribute("aria-label"), ...labels, ...pointed, element.textContent].some((words) => words?.trim());
  };
  for (const element of all("a, button, input, select, textarea, progress, [role=img], [tabindex='0'], summary, fieldset, section, aside")) {
    if (!named(element)) wrong.push(`no name: ${place(element)}`);
  }
  for (const picture of document.querySelectorAll("img")) if (!picture.hasAttribute("alt")) wrong.push(`no alt: ${picture.src}`);

  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) wrong.push(`id twice: ${id}`);
  for (const element of document.querySelectorAll("[aria-labelledby], [aria-describedby]")) {
    for (const id of (element.getAttribute("aria-labelledby") ?? "").split(" ")) {
      if (id && !document.getElementById(id)) wrong.push(`points nowhere: ${id}`);
    }
  }
  const roles = new Set(["alert", "img", "status"]);
  for (const element of document.querySelectorAll("[role]")) if (!roles.has(element.getAttribute("role"))) wrong.push(`role: ${place(element)}`);
  if (!document.documentElement.lang) wrong.push("no language");
  for (const landmark of ["header", "main"]) if (all(landmark).length !== 1) wrong.push(`not one ${landmark}`);
  if (all("h1").length !== 1) wrong.push("not one h1");
  let level = 0;
  for (const heading of all("main h1, main h2, main h3")) {
    const now = Number(heading.tagName[1]);
    if (now > level + 1) wrong.push(`a heading's level is skipped: ${place(heading)}`);
    level = now;
  }

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const colour = (words, under) => {
    canvas.fillStyle = `rgb(${under.join(" ")})`;
    canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = words;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const ground = (element) => {
    const chain = [];
    for (let at = element; at; at = at.parentElement) chain.unshift(getComputedStyle(at).backgroundColor);
    return chain.reduce((under, words) => colour(words, under), [255, 255, 255]);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !seen(element) || element.closest(":disabled, .unseen, .skip, script, noscript, option, .let-go")) continue;
    texts += 1;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const under = ground(element);
    const found = contrast(colour(style.color, under), under);
    if (found < (large ? 3 : 4.5)) wrong.push(`contrast ${found.toFixed(2)}: ${place(element)}`);
  }
  for (const element of all("button:not(:disabled):not(.quiet):not(.pick):not(.eye), select, input[type=text], input[type=number]")) {
    const parent = ground(element.parentElement);
    const style = getComputedStyle(element);
    const best = Math.max(contrast(colour(style.borderTopColor, parent), parent), contrast(ground(element), parent));
    if (best < 3) wrong.push(`edge ${best.toFixed(2)}: ${place(element)}`);
  }
  for (const element of all("button, a, select, summary")) {
    const { width, height } = element.getBoundingClientRect();
    if (Math.min(width, height) < 24) wrong.push(`smaller than 24 pixels: ${place(element)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) wrong.push(`wider than the window by ${document.documentElement.scrollWidth - innerWidth}`);
  if (texts < 3) wrong.push("there is hardly any text");
  return wrong;
};
