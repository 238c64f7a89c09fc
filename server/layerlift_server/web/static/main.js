/** The page: the desk, the two places (#/ and #/job/…), the line at the top. Law: joins them, nothing more. */

import { Desk } from "./page/desk.js";
import { listenForPictures } from "./page/dropping.js";
import { button, fill } from "./page/elements.js";
import { Home } from "./page/home.js";
import { JobPage } from "./page/job.js";
import { isLocked, noticeFor } from "./page/locked.js";
import { text } from "./page/strings.js";
import { complain } from "./page/trouble.js";

const place = document.getElementById("place");
const status = document.getElementById("status");
const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
const desk = new Desk(address, "1");
const go = (hash) => (location.hash = hash);
const home = new Home(desk, take, go);
let page = null;
let everOpen = false;
let noticed = null; // whether a notice stands where a place should; null before the first greeting

/** Pictures came: take them apart; one alone is watched. */
function take(files) {
  if (!everOpen) return;
  const { engine, params } = home.wishes.read();
  const jobs = files.map((file) => desk.submit(file, params, engine));
  go(jobs.length === 1 ? `#/job/${jobs[0]}` : "#/");
}

function route() {
  page?.close();
  page = null;
  const [, job] = /^#\/job\/([0-9a-f-]{36})$/.exec(location.hash) ?? [];
  if (job) {
    page = new JobPage(desk, job, go);
    fill(place, page.element);
    page.title.focus({ preventScroll: true });
  } else {
    document.title = text.title;
    fill(place, home.element);
  }
  scrollTo(0, 0);
}

function connected(connection) {
  const { state } = connection;
  document.body.dataset.connection = state;
  const words = { open: text.connected, waiting: text.waiting, shut: text.shut }[state] ?? text.connecting;
  fill(status, words, state === "waiting" ? button(text.retryNow, () => connection.open(), { kind: "small" }) : null);
  if (state === "open") {
    everOpen = true;
    if (noticed !== false) route();
    noticed = false;
    return;
  }
  const notice = noticeFor(connection, everOpen);
  if (notice) {
    noticed = true;
    page?.close();
    page = null;
    fill(place, notice);
  }
}

desk.on("connection", connected);
desk.on("refused", ({ problem }) => complain(problem));
addEventListener("hashchange", () => noticed === false && route());
addEventListener("focus", () => isLocked(desk.connection) && desk.connection.open()); // let in from another tab by now?
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address says which place this is
  place.focus();
});
listenForPictures(take);
desk.start();
