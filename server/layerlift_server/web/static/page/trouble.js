/** What went wrong, and what helps. Law: shows problems {code, sentence, remedy, retryable}; knows no job. */

import { Refusal } from "../protocol/transfers.js";
import { button, el, icon } from "./elements.js";
import { text } from "./strings.js";

/** A card that says it, with a button to try again where that can help. */
export function trouble(problem, again = null) {
  const words = [el("strong", {}, problem.sentence), problem.remedy ? el("p", {}, problem.remedy) : null];
  const retry = again && problem.retryable ? button(text.again, again, { kind: "small", picture: "again" }) : null;
  const calm = problem.code === "cancelled"; // wanted, not broken
  return el("div", { class: calm ? "trouble calm" : "trouble", role: calm ? "status" : "alert" }, icon(calm ? "stack" : "trouble"), el("div", {}, ...words, retry));
}

/** A card at the foot of the page that stays until it is dismissed. */
export function complain(problem) {
  const card = trouble(problem);
  const away = () => card.remove();
  card.append(button(null, away, { kind: "quiet", name: text.dismiss, picture: "close" }));
  document.getElementById("complaints").append(card);
}

/** A problem made here. */
export function problem(sentence, remedy = "", retryable = false) {
  return { code: "page", sentence, remedy, retryable };
}

/** Whatever was thrown, as a problem. */
export function problemOf(error) {
  return error instanceof Refusal ? error.problem : problem(String(error?.message ?? error), "", true);
}
