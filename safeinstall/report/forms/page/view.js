"use strict";
// Which part of the picture is seen: the view box of the drawing, so that it scales with its place by itself.

const svg = document.getElementById("picture");
const READABLE = 0.6; // scale below which a label is hard to read
const LARGEST = 4;
const PART_OF_WINDOW = 0.72;
let bounds = { x: 0, y: 0, width: 1, height: 1 }; // of all that is drawn
let view = bounds;
let moved = false; // by the user: then it is not fitted again where the window changes

function look(box) {
  view = box;
  svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
  svg.classList.toggle("zoomed", box.width < bounds.width || box.height < bounds.height);
}

function scale() {
  return svg.getBoundingClientRect().width / view.width;
}

// Return the scale at which all of *box* is seen, at most its natural size.
function fitting(box) {
  return Math.min(1, svg.getBoundingClientRect().width / box.width, (innerHeight * PART_OF_WINDOW) / box.height);
}

// Give the drawing the height that *box* needs at this *scale*, and look at its middle.
function lookAt(box, factor) {
  svg.setAttribute("height", Math.ceil(Math.min(Math.max(box.height * factor, 80), innerHeight * PART_OF_WINDOW)));
  const place = svg.getBoundingClientRect();
  const [width, height] = [place.width / factor, place.height / factor];
  look({ x: box.x + (box.width - width) / 2, y: box.y + (box.height - height) / 2, width, height });
}

function fit() {
  moved = false;
  lookAt(bounds, fitting(bounds));
}

function inPicture(x, y) {
  return new DOMPoint(x, y).matrixTransform(svg.getScreenCTM().inverse());
}

// Move the view so that *point* of the picture is seen at x, y of the window.
function bring(point, x, y) {
  const there = inPicture(x, y);
  moved = true;
  look({ ...view, x: view.x + point.x - there.x, y: view.y + point.y - there.y });
}

function middle() {
  const place = svg.getBoundingClientRect();
  return [place.x + place.width / 2, place.y + place.height / 2];
}

// Zoom by *factor*, about a point of the window.
function zoom(factor, x, y) {
  const point = inPicture(x, y);
  const wanted = Math.min(Math.max(scale() * factor, fitting(bounds) / 2), LARGEST);
  const by = scale() / wanted;
  look({ ...view, width: view.width * by, height: view.height * by });
  bring(point, x, y);
}

function pan(x, y) {
  moved = true;
  look({ ...view, x: view.x + x / scale(), y: view.y + y / scale() });
}

// Bring what is focused into view.
function reveal(element) {
  const [inner, outer] = [element.getBoundingClientRect(), svg.getBoundingClientRect()];
  if (inner.left >= outer.left && inner.right <= outer.right && inner.top >= outer.top && inner.bottom <= outer.bottom)
    return;
  bring(inPicture(inner.x + inner.width / 2, inner.y + inner.height / 2), ...middle());
}

const STEP = 60;
const KEYS = {
  "+": () => zoom(1.25, ...middle()),
  "-": () => zoom(0.8, ...middle()),
  0: fit,
  ArrowLeft: () => pan(-STEP, 0),
  ArrowRight: () => pan(STEP, 0),
  ArrowUp: () => pan(0, -STEP),
  ArrowDown: () => pan(0, STEP),
};

svg.addEventListener("keydown", event => {
  if (!Object.hasOwn(KEYS, event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  KEYS[event.key]();
});
svg.addEventListener("wheel", event => {
  if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
  event.preventDefault();
  const turned = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1);
  zoom(Math.exp(-turned / 300), event.clientX, event.clientY);
}, { passive: false });

const CLICK = 4; // pixels that a hand shakes
let held = null; // where the picture was taken hold of
let dragged = false;
svg.addEventListener("pointerdown", event => {
  dragged = false;
  held = event.isPrimary && event.button === 0 ? event : null;
});
svg.addEventListener("pointermove", event => {
  if (!event.buttons) held = null; // let go of elsewhere
  if (!held || event.pointerId !== held.pointerId) return;
  const [x, y] = [held.clientX - event.clientX, held.clientY - event.clientY];
  if (!dragged && Math.hypot(x, y) < CLICK) return;
  if (!dragged) svg.setPointerCapture(event.pointerId);
  dragged = true;
  held = event;
  pan(x, y);
});
for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => { held = null; });
svg.addEventListener("click", event => { if (dragged) event.stopImmediatePropagation(); }, true);

window.addEventListener("resize", () => { if (!moved) fit(); });
let beforePrint = null;
window.addEventListener("beforeprint", () => {
  beforePrint = view;
  look({ ...bounds, width: Math.max(bounds.width, 700) });
});
window.addEventListener("afterprint", () => { look(beforePrint); });
document.getElementById("tools").addEventListener("click", event => {
  const key = event.target.closest("[data-key]")?.dataset.key;
  if (key) KEYS[key]();
});
