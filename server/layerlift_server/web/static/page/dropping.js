/** Taking pictures: dropped anywhere on the page, pasted, or chosen. Law: gives files to `take`; knows no server. */

import { button, el, icon } from "./elements.js";
import { text } from "./strings.js";
import { complain, problem } from "./trouble.js";

/** Listen on the whole page. `take(files)` gets at least one file. */
export function listenForPictures(take) {
  document.body.append(el("div", { class: "let-go", "aria-hidden": "true" }, icon("picture"), text.dropping));
  let depth = 0;
  const over = (inside) => document.body.classList.toggle("dropping", inside);
  const files = (transfer) => [...(transfer?.files ?? [])];
  addEventListener("dragenter", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    depth += 1;
    over(true);
  });
  addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    over(depth > 0);
  });
  const isField = ({ target }) => target instanceof HTMLInputElement; // words may be dropped there
  addEventListener("dragover", (event) => isField(event) || event.preventDefault());
  addEventListener("drop", (event) => {
    if (isField(event) && files(event.dataTransfer).length === 0) return;
    event.preventDefault(); // else the browser leaves the page to show the file
    depth = 0;
    over(false);
    const dropped = files(event.dataTransfer);
    if (dropped.length > 0) take(dropped);
    else complain(problem(text.noFile, text.noFileMore));
  });
  addEventListener("paste", (event) => {
    const pasted = files(event.clipboardData);
    if (pasted.length === 0) return;
    event.preventDefault();
    take(pasted);
  });
}

/** A button that opens the browser's file dialogue. */
export function chooser(label, take, { kind = "primary", many = true } = {}) {
  const input = el("input", { type: "file", hidden: true, multiple: many, accept: "image/*,.psd,.psb,.tif,.tiff,.jp2,.heic,.avif,.qoi" });
  input.addEventListener("change", () => {
    const chosen = [...input.files];
    input.value = ""; // the same file may be chosen again
    if (chosen.length > 0) take(chosen);
  });
  return [button(label, () => input.click(), { kind, picture: "picture" }), input];
}

/** The big target on the first page. */
export function target(take, options) {
  const local = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);
  const apple = /Mac|iP(hone|ad)/.test(navigator.platform);
  const [choose, input] = chooser(text.choose, take);
  return el(
    "section",
    { class: "target", "aria-labelledby": "headline" },
    el("div", { class: "planes", "aria-hidden": "true" }, ...["plane one", "plane two", "plane three"].map((name) => el("i", { class: name }))),
    el("h1", { id: "headline" }, text.headline),
    el("p", { class: "lede" }, text.lede),
    el("div", { class: "choose" }, choose, input, el("span", { class: "faint" }, text.orPaste, " ", el("kbd", {}, apple ? "⌘" : "Ctrl"), " ", el("kbd", {}, "V"))),
    el("p", { class: "faint small" }, text.kinds, " ", local ? text.stays : text.goesTo(location.hostname)),
    options,
  );
}
