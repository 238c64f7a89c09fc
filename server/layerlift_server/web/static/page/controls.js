/** Switches beside the stage: which view, how near, how the layers float. Law: draws controls; acts on the stage. */

import { STEEPEST } from "./camera.js";
import { button, el } from "./elements.js";
import { text } from "./strings.js";

/** The four views as radio buttons; `onview(name)`. */
export function viewSwitch(onview, first) {
  const names = { flat: text.viewFlat, exploded: text.viewExploded, compare: text.viewCompare, difference: text.viewDifference };
  const choices = Object.entries(names).map(([name, label]) => {
    const input = el("input", { type: "radio", name: "view", value: name, checked: name === first, onchange: () => onview(name) });
    return el("label", {}, input, el("span", {}, label));
  });
  return el("fieldset", { class: "segments" }, el("legend", { class: "unseen" }, text.views), ...choices);
}

export function zoomButtons(stage) {
  const act = (deed) => () => {
    deed(stage.camera);
    stage.touch();
  };
  return el(
    "div",
    { class: "zoom" },
    button(null, act((camera) => camera.zoomBy(0.8)), { kind: "small quiet", name: text.zoomOut, picture: "minus" }),
    button(text.fit, act((camera) => camera.fit()), { kind: "small quiet" }),
    button(null, act((camera) => camera.zoomBy(1.25)), { kind: "small quiet", name: text.zoomIn, picture: "plus" }),
  );
}

/** Sliders for the exploded view; they follow the camera, whoever moves it. */
export function explodedSliders(stage) {
  const { camera } = stage;
  const slider = (id, label, key, min, max, step) => {
    const input = el("input", { id, type: "range", min, max, step, value: camera[key] });
    input.addEventListener("input", () => {
      stage.take();
      camera[key] = Number(input.value);
      stage.touch();
    });
    return { key, input, element: el("div", { class: "knob" }, el("label", { for: id }, label), input) };
  };
  const all = [
    slider("turn", text.turn, "turn", -180, 180, 1),
    slider("tilt", text.tilt, "tilt", 0, STEEPEST, 1),
    slider("spread", text.spread, "spread", 0.05, 2, 0.01),
  ];
  stage.moved = () => all.forEach(({ key, input }) => (input.value = camera[key]));
  return el("div", { class: "under" }, el("div", { class: "under-row knobs" }, ...all.map(({ element }) => element)));
}
