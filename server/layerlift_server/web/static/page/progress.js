/** How far a job is: a bar and a sentence. Law: draws what it is told. */

import { el } from "./elements.js";
import { text } from "./strings.js";

/** {element, show(job)}: the bar is indeterminate where nobody knows. */
export function progressOf(name) {
  const bar = el("progress", { max: 1, "aria-label": name });
  const stage = el("span", { class: "doing" });
  const rest = el("span", { class: "rest" });
  return {
    element: el("div", { class: "progress" }, bar, el("div", { class: "progress-words" }, stage, rest)),
    show(job) {
      const known = job.state !== "queued";
      if (known) bar.value = job.fraction;
      else bar.removeAttribute("value");
      stage.textContent = job.state === "queued" ? waiting(job) : job.stage || text.stateOf[job.state];
      rest.textContent = known ? [text.percent(job.fraction), job.eta ? text.eta(job.eta) : null].filter(Boolean).join(" · ") : "";
    },
  };
}

function waiting(job) {
  return job.position ? text.position(job.position) : text.stateOf.queued;
}
