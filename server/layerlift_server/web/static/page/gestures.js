/**
 * Pointer, wheel and keys on the stage. Law: translates them for the camera and the sheets; draws nothing.
 */

import { EXPLODED } from "./camera.js";

/** Pixels that a press may move and still be a click. */
const CLICK = 4;

/** Make `stage` obey; `onwipe(share)` hears of the line between before and after. */
export function listen(stage, onwipe) {
  const { canvas } = stage;
  let held = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    stage.take();
    const [x, y] = place(event);
    held = { x, y, far: false, act: deedAt(stage, x, y, onwipe) };
    if (stage.view === "compare") wipeTo(stage, x, onwipe);
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = place(event);
    if (held === null) {
      if (event.pointerType === "mouse" && stage.box) hover(stage, x, y);
      return;
    }
    held.far ||= Math.hypot(x - held.x, y - held.y) > CLICK;
    if (!held.far) return;
    held.act(x - held.x, y - held.y, x);
    [held.x, held.y] = [x, y];
    stage.touch();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (held !== null && !held.far && stage.view !== "compare" && !selects(stage)) stage.sheets.choose(stage.under(...place(event)));
    held = null;
  });
  canvas.addEventListener("pointercancel", () => (held = null));
  canvas.addEventListener("pointerleave", () => stage.sheets.hover(null));
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // plain scrolling scrolls the page
      event.preventDefault();
      const [x, y] = place(event);
      const { box } = stage;
      stage.camera.zoomBy(Math.exp(-event.deltaY / 250), x - box.x - box.width / 2, y - box.y - box.height / 2);
      stage.touch();
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const keys = stage.view === "exploded" ? EXPLODED_KEYS : FLAT_KEYS;
    const deed = keys[event.key];
    if (!deed || deed(stage, event.shiftKey ? 10 : 1, onwipe) === false) return;
    event.preventDefault();
    stage.take();
    stage.moved?.();
    stage.touch();
  });
}

/** What dragging does where the press began. */
function deedAt(stage, x, y, onwipe) {
  const { camera, sheets } = stage;
  if (stage.view === "exploded") {
    return (dx, dy) => {
      camera.turnBy(-dx * 0.35, dy * 0.3);
      stage.moved?.();
    };
  }
  if (stage.view === "compare") return (dx, dy, now) => wipeTo(stage, now, onwipe);
  if (selects(stage)) return selectFrom(stage, x, y);
  const [u, v] = camera.from(0, x, y);
  const sheet = sheets.chosen;
  if (stage.view === "flat" && sheet && sheets.hit(sheet, u, v)) {
    let [left, top] = [sheet.dx, sheet.dy];
    return (dx, dy) => {
      left += dx / camera.base.scale;
      top += dy / camera.base.scale;
      sheets.change(sheet, { dx: Math.round(left), dy: Math.round(top) });
    };
  }
  return (dx, dy) => {
    camera.panX += dx;
    camera.panY += dy;
  };
}

/** Whether the pointer draws a selection. */
function selects(stage) {
  return stage.tool !== null && stage.view === "flat";
}

function selectFrom(stage, x, y) {
  let at = [x, y];
  stage.tool.begin(...stage.camera.from(0, x, y));
  return (dx, dy) => {
    at = [at[0] + dx, at[1] + dy];
    stage.tool.drag(...stage.camera.from(0, ...at));
  };
}

function hover(stage, x, y) {
  const sheet = stage.view === "exploded" ? stage.under(x, y) : null;
  stage.sheets.hover(sheet);
  stage.canvas.classList.toggle("pointing", sheet !== null);
}

function wipeTo(stage, x, onwipe) {
  const [[left], , [right]] = stage.camera.corners(0);
  onwipe(Math.min(1, Math.max(0, (x - left) / (right - left))));
}

function moveBy(x, y) {
  return (stage, step) => {
    const { sheets, view, camera } = stage;
    if (view === "flat" && sheets.chosen) {
      const { dx, dy } = sheets.chosen;
      sheets.change(sheets.chosen, { dx: dx + x * step, dy: dy + y * step });
    } else {
      camera.panX -= x * 40;
      camera.panY -= y * 40;
    }
  };
}

function wipeBy(share, otherwise) {
  return (stage, step, onwipe) => {
    if (stage.view !== "compare") return otherwise(stage, step);
    return onwipe(Math.min(1, Math.max(0, stage.wipe + share * step)));
  };
}

const nearer = (stage) => stage.camera.zoomBy(1.25);
const further = (stage) => stage.camera.zoomBy(0.8);
const FLAT_KEYS = {
  ArrowLeft: wipeBy(-0.02, moveBy(-1, 0)),
  ArrowRight: wipeBy(0.02, moveBy(1, 0)),
  ArrowUp: moveBy(0, -1),
  ArrowDown: moveBy(0, 1),
  "+": nearer,
  "=": nearer,
  "-": further,
  0: (stage) => stage.camera.fit(),
};
const spreadBy = (amount) => (stage) => {
  stage.camera.spread = Math.min(2, Math.max(0.05, stage.camera.spread + amount));
};
const EXPLODED_KEYS = {
  ArrowLeft: (stage, step) => stage.camera.turnBy(4 * Math.min(step, 4), 0),
  ArrowRight: (stage, step) => stage.camera.turnBy(-4 * Math.min(step, 4), 0),
  ArrowUp: (stage, step) => stage.camera.turnBy(0, -3 * Math.min(step, 4)),
  ArrowDown: (stage, step) => stage.camera.turnBy(0, 3 * Math.min(step, 4)),
  "+": spreadBy(0.1),
  "=": spreadBy(0.1),
  "-": spreadBy(-0.1),
  0: (stage) => {
    stage.camera.fit();
    Object.assign(stage.camera, EXPLODED);
  },
};
