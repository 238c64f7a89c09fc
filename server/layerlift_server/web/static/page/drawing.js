/**
 * How the stage is drawn: checkerboard, sheets, shadows, labels. Law: draws on the context it is given, remembers only small
 * silhouettes; colours come from the style sheet.
 */

/** Longest side of a silhouette from which shadows and halos are drawn, and how soft it is, as a part of that. */
const SILHOUETTE = 160;
const SOFT = 0.06;
/** Side of a square of the checkerboard, and least distance of two labels, on the screen. */
const SQUARE = 10;
const LABEL_STEP = 40;
const LEAST_STEP = 15;

/** The colours of the style sheet, as the canvas needs them. */
export function inks(element) {
  const style = getComputedStyle(element);
  const names = ["ink", "faint", "accent", "board-one", "board-two", "pane", "pane-edge", "shade", "halo", "text", "subject", "graphic", "background", "shadow"];
  return { ...Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])), font: style.fontFamily };
}

export function drawBoard(context, [left, top, right, bottom], ink) {
  context.save();
  context.beginPath();
  context.rect(left, top, right - left, bottom - top);
  context.fillStyle = ink["board-one"];
  context.fill();
  context.clip();
  context.fillStyle = ink["board-two"];
  const { width, height } = context.canvas;
  const columns = Math.ceil(Math.min(right, width) / SQUARE);
  const rows = Math.ceil(Math.min(bottom, height) / SQUARE);
  for (let y = Math.max(0, Math.floor(top / SQUARE)); y < rows; y += 1) {
    for (let x = Math.max(0, Math.floor(left / SQUARE)) | 0; x < columns; x += 1) {
      if ((x + y) % 2) context.fillRect(x * SQUARE, y * SQUARE, SQUARE, SQUARE);
    }
  }
  context.restore();
}

/** One sheet's pixels; the transform is set. */
export function drawSheet(context, sheet, factor) {
  if (sheet.picture === null) return;
  const { x, y, width, height } = sheet.cells;
  context.globalAlpha = sheet.info.opacity;
  context.drawImage(sheet.tinted ?? sheet.picture, x * factor + sheet.dx, y * factor + sheet.dy, width * factor, height * factor);
  context.globalAlpha = 1;
}

/** A soft shadow of the sheet; the transform is that of the level it falls on. */
export function drawShadow(context, sheet, factor, strength) {
  drawSilhouette(context, sheet, factor, strength, "#000");
}

/** A halo around the sheet, on its own level: dark things stand out from a dark stage, light ones from a light one. */
export function drawHalo(context, sheet, factor, strength) {
  drawSilhouette(context, sheet, factor, strength, sheet.light < 0.45 ? "#fff" : "#000");
}

function drawSilhouette(context, sheet, factor, strength, colour) {
  if (sheet.picture === null) return;
  sheet.silhouettes ??= {};
  sheet.silhouettes[colour] ??= silhouette(sheet.picture, colour);
  const { x, y, width, height } = sheet.cells;
  const rim = SOFT * Math.max(width, height);
  context.globalAlpha = strength;
  context.drawImage(
    sheet.silhouettes[colour],
    (x - rim) * factor + sheet.dx,
    (y - rim) * factor + sheet.dy,
    (width + 2 * rim) * factor,
    (height + 2 * rim) * factor,
  );
  context.globalAlpha = 1;
}

function silhouette(picture, colour) {
  const scale = SILHOUETTE / Math.max(picture.width, picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  const rim = SOFT * SILHOUETTE;
  const canvas = new OffscreenCanvas(Math.ceil(width + 2 * rim), Math.ceil(height + 2 * rim));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.filter = `blur(${rim / 2.5}px)`; // where there is no such filter, the edge is only as soft as the enlarging
  context.drawImage(picture, rim, rim, canvas.width - 2 * rim, canvas.height - 2 * rim);
  context.filter = "none";
  context.globalCompositeOperation = "source-in";
  context.fillStyle = colour;
  context.fillRect(0, 0, canvas.width, canvas.height);
  return canvas;
}

/** The pane of glass that a sheet lies on: corners on the screen; the more panes, the thinner (`glass` and `edge`, 0–1). */
export function drawPane(context, corners, ink, { bright = false, glass = 1, edge = 1 } = {}) {
  context.beginPath();
  corners.forEach(([x, y], index) => (index === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
  context.closePath();
  context.globalAlpha = glass;
  context.fillStyle = ink.pane;
  context.fill();
  context.globalAlpha = bright ? 1 : edge;
  context.lineWidth = bright ? 2 : 1;
  context.strokeStyle = bright ? ink.accent : ink["pane-edge"];
  context.stroke();
  context.globalAlpha = 1;
}

/** Names beside the sheets: `marks` are {sheet, x, y} at each sheet's corner, top sheet first; `left` where words begin. */
export function drawLabels(context, marks, left, width, ink, strength, lit) {
  const places = apart(marks.map(({ y }) => y), Math.min(LABEL_STEP, (context.viewHeight - 40) / Math.max(1, marks.length)));
  const step = marks.length > 1 ? places[1] - places[0] : LABEL_STEP;
  const small = step < 30;
  context.globalAlpha = strength;
  context.textBaseline = "middle";
  marks.forEach(({ sheet, x, y }, index) => {
    if (step < LEAST_STEP && sheet !== lit) return; // too many to be read: the panel names them
    const colour = ink[sheet.info.role] || ink.faint;
    const place = places[index];
    context.globalAlpha = sheet.visible ? strength : strength * 0.45;
    context.strokeStyle = ink["pane-edge"];
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(left - 28, place);
    context.lineTo(left - 10, place);
    context.stroke();
    dot(context, x, y, colour);
    context.fillStyle = ink.ink;
    context.font = `${lit === sheet ? 650 : 500} 14px ${ink.font}`;
    context.fillText(cut(context, sheet.info.name, width), left, small ? place : place - 8);
    if (small) return;
    context.fillStyle = colour;
    context.font = `500 12px ${ink.font}`;
    context.fillText(sheet.info.role, left, place + 10);
  });
  context.globalAlpha = 1;
}

function dot(context, x, y, colour) {
  context.beginPath();
  context.arc(x, y, 3.5, 0, 7);
  context.fillStyle = colour;
  context.fill();
}

/** `places` (rising) moved so that neighbours are at least `step` apart, as little as possible. */
function apart(places, step) {
  const moved = [...places];
  for (let index = 1; index < moved.length; index += 1) moved[index] = Math.max(moved[index], moved[index - 1] + step);
  const drift = moved.reduce((sum, place, index) => sum + place - places[index], 0) / Math.max(1, moved.length);
  return moved.map((place) => place - drift);
}

function cut(context, words, width) {
  if (context.measureText(words).width <= width) return words;
  let kept = words;
  while (kept.length > 1 && context.measureText(`${kept}…`).width > width) kept = kept.slice(0, -1);
  return `${kept.trimEnd()}…`;
}
