/** What is shown where there is nothing to show: locked, no server, an ended conversation. Law: words and one button. */

import { button, el, icon } from "./elements.js";
import { text } from "./strings.js";

/** A whole page that says why, with the command that helps. */
export function notice(title, more, command = null, after = null, act = null) {
  return el(
    "section",
    { class: "notice" },
    icon("stack"),
    el("h1", {}, title),
    el("p", {}, more),
    command ? el("pre", {}, el("code", {}, command)) : null,
    after ? el("p", { class: "faint small" }, after) : null,
    act,
  );
}

/** Whether the server does not know this browser (any more). */
export function isLocked({ state, code, problem }) {
  return state === "shut" && (code === 4401 || problem?.code === "unauthorized");
}

/** What fits the state of the connection, or null while all is well. */
export function noticeFor(connection, everOpen) {
  const { state, problem, tries } = connection;
  if (isLocked(connection)) {
    if (everOpen) return notice(text.lockedAgain, text.lockedAgainMore, text.lockedCommand, text.lockedAgainLink);
    return notice(text.locked, text.lockedMore, text.lockedCommand, text.lockedLink);
  }
  if (state === "shut") {
    const why = problem ? `${problem.sentence} ${problem.remedy}` : "";
    return notice(text.shut, why, null, null, button(text.reload, () => location.reload(), { kind: "primary" }));
  }
  if (!everOpen && state === "waiting" && tries > 2) {
    return notice(text.unreachable, text.unreachableMore, text.unreachableCommand, null, button(text.retryNow, () => connection.open()));
  }
  return null;
}
