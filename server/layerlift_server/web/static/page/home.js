/** The first page: where to drop, what runs, engines, devices. Law: lays them out. */

import { Devices } from "./devices.js";
import { target } from "./dropping.js";
import { el } from "./elements.js";
import { Engines } from "./engines.js";
import { Making } from "./making.js";
import { Queue } from "./queue.js";
import { Wishes } from "./wishes.js";

export class Home {
  constructor(desk, take, go) {
    this.wishes = new Wishes();
    desk.on("engines", (engines) => this.wishes.offer(engines));
    const side = el("div", { class: "home-side" }, new Engines(desk).element, new Devices(desk).element);
    this.element = el("div", { class: "home" }, target(take, el("div", { class: "ways" }, this.wishes.element, new Making(desk, go).element)), el("div", { class: "home-rest" }, new Queue(desk).element, side));
  }
}
