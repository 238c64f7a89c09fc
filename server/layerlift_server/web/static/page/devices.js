/** Pairing a device, and revoking one. Law: draws the desk's devices; asks the desk to act. */

import { announce } from "./announce.js";
import { button, el, fill } from "./elements.js";
import { ago, text } from "./strings.js";
import { complain, problemOf } from "./trouble.js";

export class Devices {
  constructor(desk) {
    this.desk = desk;
    this.known = null;
    this.list = el("ul", { class: "devices" });
    this.code = el("div", { class: "pairing", hidden: true });
    this.pair = button(text.pair, () => this.attempt(() => this.showCode()), { kind: "small", picture: "link" });
    const head = el("div", { class: "card-head" }, el("h2", { id: "devices-title" }, text.devices), this.pair);
    this.element = el("section", { class: "card", "aria-labelledby": "devices-title" }, head, this.code, this.list);
    desk.on("connection", ({ state }) => state === "open" && this.attempt(() => this.refresh()));
    desk.on("devices", (devices) => this.show(devices));
    this.show([]);
    this.known = null;
  }

  attempt(deed) {
    return deed().catch((error) => complain(problemOf(error)));
  }

  async refresh() {
    this.show((await this.desk.devices()).devices);
  }

  show(devices) {
    const isNew = this.known !== null && devices.some(({ device }) => !this.known.has(device));
    this.known = new Set(devices.map(({ device }) => device));
    if (isNew && !this.code.hidden) {
      this.hideCode();
      announce(text.paired);
    }
    const rows = devices.map((device) => this.row(device));
    fill(this.list, ...(rows.length > 0 ? rows : [el("li", { class: "faint small" }, text.devicesEmpty)]));
  }

  row({ device, name, last_seen: seen }) {
    const revoke = button(text.revoke, () => this.ask(revoke, device, name), { kind: "small danger", name: text.revokeName(name), "data-focus": `revoke ${device}` });
    const words = el("div", { class: "job-words" }, el("h3", {}, name), el("p", { class: "faint small" }, text.lastSeen(ago(seen))));
    return el("li", { class: "device" }, words, revoke);
  }

  /** The first press asks, the second one revokes; leaving the button is a no. */
  ask(revoke, device, name) {
    const label = revoke.querySelector("span");
    if (label.textContent === text.revokeSure) {
      return this.attempt(async () => {
        this.show((await this.desk.revoke(device)).devices);
        announce(text.revoked(name));
        this.pair.focus();
      });
    }
    label.textContent = text.revokeSure;
    revoke.setAttribute("aria-label", `${text.revokeName(name)}. ${text.revokeSure}`);
    const no = () => {
      label.textContent = text.revoke;
      revoke.setAttribute("aria-label", text.revokeName(name));
    };
    revoke.addEventListener("blur", no, { once: true });
    return null;
  }

  async showCode() {
    const { code, seconds } = await this.desk.pair();
    const ends = Date.now() + seconds * 1000;
    const left = el("p", { class: "faint small" });
    const digits = el("p", { class: "code" }, `${code.slice(0, 3)}\u2009${code.slice(3)}`);
    digits.setAttribute("aria-label", [...code].join(" "));
    digits.setAttribute("role", "status");
    fill(this.code, el("p", { class: "small" }, text.pairHint), digits, left);
    this.code.hidden = false;
    this.pair.querySelector("span").textContent = text.pairAgain;
    clearInterval(this.timer);
    const tick = () => {
      const rest = (ends - Date.now()) / 1000;
      left.textContent = rest > 0 ? text.pairLeft(rest) : text.pairOver;
      digits.classList.toggle("over", rest <= 0);
      if (rest <= 0) clearInterval(this.timer);
      else if (Math.ceil(rest) % 2 === 0) this.attempt(() => this.refresh());
    };
    this.timer = setInterval(tick, 1000);
    tick();
  }

  hideCode() {
    clearInterval(this.timer);
    this.code.hidden = true;
    this.pair.querySelector("span").textContent = text.pair;
  }
}
