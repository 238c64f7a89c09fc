/**
 * Every word that the page says, in one place. Law: words and how numbers become words; knows no element.
 * What the server says (stages, problems, titles of engines, notes) comes in its own words.
 */

const plural = (count, one, many) => `${whole(count)} ${count === 1 ? one : many}`;

export const text = {
  title: "Layerlift",
  client: "Layerlift page",
  headline: "Drop a picture. Lift out its layers.",
  lede: "Text, subjects, shapes and the background behind them. Put back together, they are your picture.",
  dropping: "Let go to lift its layers",
  choose: "Choose a picture",
  orPaste: "or paste one",
  kinds: "PNG, JPEG, TIFF, WebP, PSD and more, 8 or 16 bit.",
  stays: "It stays on this computer.",
  goesTo: (host) => `It goes to ${host} and nowhere else.`,
  options: "Options",
  engine: "Engine",
  usual: "Default",
  layersWanted: "Layers",
  layersAny: "As many as there are",
  layersMost: (count) => `At most ${count}`,
  what: "Take out only",
  whatHint: "everything, or: text, person, logo …",
  textAs: "Text",
  textBlock: "One layer per block",
  textLine: "One layer per line",

  jobs: "Pictures",
  jobsEmpty: "No pictures yet",
  jobsEmptyMore: "What Krita, GIMP and Photoshop send shows up here, too.",
  engines: "Engines",
  engineReady: "Ready",
  engineMissing: "Not available",
  enginesNone: "Shown once the server answers.",
  takes: (server, { pixels, upload }) =>
    `${server} takes pictures of up to ${whole(pixels / 1e6)} megapixels in files of up to ${megabytes(upload)}.`,
  devices: "Paired devices",
  devicesEmpty: "None. Krita and GIMP on this computer need no pairing; Photoshop and other computers do.",
  pair: "Pair a device",
  pairAgain: "New code",
  pairHint: "Type this code into the device’s Layerlift panel.",
  pairLeft: (seconds) => `Good for ${duration(seconds)}`,
  pairOver: "This code has expired.",
  paired: "Device paired.",
  lastSeen: (when) => `Last seen ${when}`,
  revoke: "Revoke",
  revokeSure: "Really revoke?",
  revokeName: (name) => `Revoke ${name}`,
  revoked: (name) => `${name} can no longer connect.`,

  connecting: "Connecting …",
  connected: "Connected",
  waiting: "Connection lost. Trying again …",
  retryNow: "Try now",
  locked: "This page is locked",
  lockedMore: "Only you may use this computer’s Layerlift server. Open the page from a terminal:",
  lockedCommand: "layerlift open",
  lockedLink: "The command opens it here with a link that works once.",
  lockedAgain: "The server was started again",
  lockedAgainMore: "It no longer knows this browser. Let it in again from a terminal:",
  lockedAgainLink: "Results are kept, and this tab goes on as soon as you come back to it.",
  shut: "The conversation with the server ended",
  reload: "Reload the page",
  unreachable: "No Layerlift server answers here",
  unreachableMore: "If it was closed, start it again in a terminal. This page goes on by itself once it is back.",
  unreachableCommand: "layerlift serve",

  sending: "Sending",
  stateOf: {
    sending: "Sending",
    queued: "Waiting",
    running: "Working",
    done: "Done",
    failed: "Failed",
    cancelled: "Cancelled",
    interrupted: "Interrupted",
  },
  position: (position) => (position === 1 ? "Next in line" : `Number ${position} in line`),
  eta: (seconds) => `${duration(seconds)} left`,
  percent: (fraction) => `${Math.floor(fraction * 100)} %`,
  cancel: "Cancel",
  cancelName: (name) => `Cancel ${name}`,
  open: "Look",
  follow: "Watch",
  openName: (name) => `Look at the layers of ${name}`,
  watchName: (name) => `Watch ${name}`,
  removeName: (name) => `Delete ${name} and its layers`,
  keep: "Keep",
  keepName: (name) => `Keep ${name}`,
  keepHint: "Results are deleted after a while unless they are kept.",
  again: "Try again",
  attempt: (attempt) => `Attempt ${attempt}: the first one crashed.`,
  layers: (count) => plural(count, "layer", "layers"),
  size: (width, height) => `${whole(width)} × ${whole(height)}`,
  bits: (depth) => `${depth} bit`,
  seconds: (seconds) => `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`,
  by: (client) => `from ${client}`,
  tooLarge: (name) => `${name} is too large for this server.`,
  tooLargeMore: (limit) => `It takes files of up to ${megabytes(limit)}.`,
  noFile: "That was no picture file.",
  noFileMore: "Drop the file itself, from your file manager.",
  empty: (name) => `${name} is empty.`,
  emptyMore: "Save it again, then drop it once more.",
  gone: "This job is not here any more.",
  goneMore: "Results are deleted after a while unless they are kept.",

  back: "All pictures",
  views: "View",
  viewFlat: "Picture",
  viewExploded: "Exploded",
  viewCompare: "Before / after",
  viewDifference: "Difference",
  loadingBar: "Fetching layers",
  layersTitle: "Layers",
  showAll: "Show all",
  eye: (name) => `${name} is visible`,
  pick: (name, role, place) => `${name}, ${role}, ${place}`,
  place: ({ x, y, width, height }) => `${whole(width)} × ${whole(height)} at ${whole(x)}, ${whole(y)}`,
  roles: { background: "background", graphic: "graphic", subject: "subject", shadow: "shadow", text: "text" },
  group: (path) => path.join(" / "),
  says: "It says",
  copy: "Copy text",
  copied: "Text copied.",
  blend: (mode) => `Its blend mode, ${mode}, is shown as normal here.`,

  tryOut: "Try it",
  tryOutHint: "Choose a layer, then recolour, move or hide it. This is a play area: downloads hold the layers as they came.",
  recolour: "Recolour",
  recolourOff: "Own colours",
  across: "Right by",
  down: "Down by",
  moveHint: "Or drag it on the picture; arrow keys move it, too.",
  solo: "Show only this",
  reset: "Undo all changes",
  untouched: (name, others) =>
    others === 0 ? `“${name}” is changed.` : `“${name}” is changed. The ${plural(others, "other layer is", "other layers are")} untouched.`,
  changedMany: (count, others) => `${plural(count, "layer is", "layers are")} changed, ${whole(others)} untouched.`,

  flatStage: "The picture, put together from its visible layers",
  explodedStage: "The layers, floating above each other",
  explodedKeys: "Drag to turn. Arrow keys turn and tilt, plus and minus spread the layers, 0 goes back.",
  flatKeys: "Plus and minus zoom, 0 fits the picture. Arrow keys move the chosen layer.",
  compareKeys: "Drag the line, or use the slider.",
  turn: "Turn",
  tilt: "Tilt",
  spread: "Spread",
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  fit: "Fit",
  scaled: (factor) => `Shown at 1 : ${factor} so that the page stays fast; differences are measured at full size.`,
  scaledOnly: (factor) => `Shown at 1 : ${factor}. This picture is too large to measure differences here.`,
  wipe: "How much of the original is shown",
  before: "Before",
  after: "After",
  gain: "Amplified",
  gainBy: (gain) => `× ${gain}`,
  max: "Largest difference",
  maxOf: (max) => `${max} of 255`,
  exact: "Not one pixel differs.",
  changed: (share) => `${share < 0.0001 ? "Fewer than 0.01" : (share * 100).toFixed(share < 0.01 ? 2 : 1)} % of all pixels differ.`,
  measuring: "Measuring every pixel …",
  needOriginal: "To compare, this page needs the original",
  needOriginalMore: "It was not dropped here, or the page was reloaded since. Choose the file once more.",
  chooseOriginal: "Choose the original",
  otherSize: ([width, height]) => `That picture has ${whole(width)} × ${whole(height)} pixels, the layers have another size.`,
  otherSizeMore: "Choose the file that the layers were made from.",
  undecodable: "This browser cannot read that kind of file.",
  undecodableMore: "Save it as PNG and choose that to compare.",
  stageDifference: (max) => `Difference between the original and its layers, largest ${max} of 255`,
  stageCompare: "The original on the left, its layers put back together on the right",

  download: "Download",
  formats: {
    psd: ["PSD", "Photoshop"],
    ora: ["ORA", "Krita, GIMP"],
    pptx: ["PPTX", "PowerPoint"],
    zip: ["ZIP", "PNG files"],
  },
  making: (name) => `Making ${name} …`,
  downloading: (name) => `${name} is ready: the download starts.`,
  notDownloaded: (name) => `${name} could not be made.`,
  notes: "Notes",
  finished: (name, layers) => `${name} is done: ${plural(layers, "layer", "layers")}.`,
  progressNews: (name, stage, fraction) => `${name}: ${stage}, ${Math.floor(fraction * 100)} percent.`,
  dismiss: "Dismiss",
  brokenView: "The layers could not be shown.",
  brokenViewMore: "Reload the page. The downloads work all the same.",
};

/** Seconds as a person says them. */
export function duration(seconds) {
  if (seconds < 1) return "1 s";
  if (seconds < 100) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** How long ago `then` (seconds since 1970) was. */
export function ago(then, now = Date.now() / 1000) {
  const format = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const seconds = Math.min(0, then - now);
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (-seconds >= size) return format.format(Math.round(seconds / size), unit);
  }
  return "just now";
}

export function whole(number) {
  return Math.round(number).toLocaleString("en").replaceAll(",", "\u202f");
}

export function megabytes(bytes) {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.max(1, Math.round(bytes / 1e6))} MB`;
}
