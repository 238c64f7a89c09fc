/**
 * The result as a file. Law: links that work as links; knows the address of an export and nothing of how it is made.
 *
 * The first time a file is made, which takes a moment: the link first waits for the head of the answer alone, so that what
 * goes wrong is said here and not in a lost download. The browser itself then downloads; no byte passes through the page.
 */

import { announce } from "./announce.js";
import { el, icon } from "./elements.js";
import { text } from "./strings.js";
import { complain, problem } from "./trouble.js";

/** The four links, for the head of a job's page. */
export function downloads(job) {
  const links = Object.entries(text.formats).map(([format, [name, hosts]]) => el("li", {}, link(job, format, name, hosts)));
  return el("div", { class: "downloads" }, icon("download"), el("h2", { id: "download-title" }, text.download), el("ul", { "aria-labelledby": "download-title" }, ...links));
}

function link(job, format, name, hosts) {
  const anchor = el("a", { class: "download", href: `/export/${job}.${format}`, download: true });
  anchor.append(el("strong", {}, name), el("span", { class: "small faint" }, hosts));
  let ready = false;
  anchor.addEventListener("click", async (event) => {
    if (ready || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (anchor.getAttribute("aria-busy") === "true") return;
    anchor.setAttribute("aria-busy", "true");
    announce(text.making(name));
    const trouble = await refusal(anchor.href, name);
    anchor.removeAttribute("aria-busy");
    if (trouble !== null) return complain(trouble);
    ready = true;
    announce(text.downloading(name));
    anchor.click();
    ready = false;
  });
  return anchor;
}

/** Why the export cannot be had, or null. Nothing of the file is read. */
async function refusal(address, name) {
  const enough = new AbortController();
  try {
    const answer = await fetch(address, { signal: enough.signal });
    if (answer.ok) return null;
    return problem(text.notDownloaded(name), (await answer.text()).trim().slice(0, 500));
  } catch {
    return problem(text.notDownloaded(name), text.unreachable);
  } finally {
    enough.abort();
  }
}
