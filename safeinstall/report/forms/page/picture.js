"use strict";
// The picture: dagre places what is shown, and it is drawn as SVG. Every text of the report goes in as a text node.

const graph = readGraph(document.querySelectorAll("#requirements tbody tr"));
const folds = foldedBelow(graph);
setBackApart(graph, folds);
const opened = new Set();
let picked = USER;
let most = MOST[0];
let direction = "LR"; // dagre's: from left to right, or "TB", from top to bottom

const HEIGHT = 24, PADDING = 8, GAP = 8, MARGIN = 8;
const FRAMED = 4; // boxes with the same neighbours stand in one frame from this number on
const LONGEST = 30; // characters of a name
const SIGNS = { deny: "✕ ", warn: "! ", allow: "" };
const pen = document.createElement("canvas").getContext("2d");
pen.font = "12px system-ui, sans-serif";

let boxes = new Map(); // that are drawn, by name

// --- what is drawn

// Return what is shown without being opened.
function always() {
  const first = firstShown(graph, folds, most);
  return picked === USER ? first : new Set([...first, ...wayUp(folds, picked), ...reached(graph, picked, "above")]);
}

function shortened(text) {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST / 3)}…${text.slice(1 - (2 * LONGEST) / 3)}`;
}

// Return the box of a project, with the badge that opens or closes the *fold* below it.
function boxOf(name, fold) {
  const { version, level, mark } = graph.get(name);
  const label = name === USER ? "you" : SIGNS[level] + shortened(name);
  const badge = fold ? (fold.open ? "−" : `+${fold.count}`) : "";
  const detail = [shortened(version), mark].filter(Boolean).join(" ");
  const inner = pen.measureText(`${label} ${detail}`).width + 2 * PADDING;
  const outer = badge ? pen.measureText(badge).width + 2 * PADDING : 0;
  return { name, label, detail, badge, fold, inner, width: inner + outer, height: HEIGHT };
}

// Return the boxes in a frame: in so many columns that it has about the shape of the window.
function framed(boxes) {
  const width = Math.max(...boxes.map(box => box.width)) + GAP;
  const height = HEIGHT + GAP;
  const columns = Math.ceil(Math.sqrt((boxes.length * height * innerWidth) / (width * innerHeight)));
  const rows = Math.ceil(boxes.length / columns);
  boxes.sort((one, other) => (one.name < other.name ? -1 : 1));
  return { boxes, columns, rows, cell: { width, height }, width: columns * width + GAP, height: rows * height + GAP };
}

// Return what dagre places: a box, or a frame of all boxes that nothing is below and the same are above.
function blocksOf(lines, boxed) {
  const above = new Map([...lines.keys()].map(name => [name, []]));
  for (const [name, nexts] of lines) for (const next of nexts) above.get(next).push(name);
  const alike = new Map();
  for (const [name, nexts] of lines) {
    const key = nexts.size ? name : JSON.stringify(above.get(name));
    alike.set(key, [...alike.get(key) ?? [], boxed.get(name)]);
  }
  const alone = box => ({ boxes: [box], width: box.width, height: box.height });
  return [...alike.values()].flatMap(same => (same.length < FRAMED ? same.map(alone) : framed(same)));
}

// --- where it is drawn

// Return the places of all boxes and frames, the lines between them, and the size of it all.
function layOut(shown, badges, rankdir) {
  const boxed = new Map([...shown].map(name => [name, boxOf(name, badges.get(name))]));
  const lines = linesOf(graph, folds, shown);
  const blocks = blocksOf(lines, boxed);
  const blockOf = new Map(blocks.flatMap((block, id) => block.boxes.map(box => [box.name, String(id)])));
  const plan = new dagre.graphlib.Graph();
  plan.setGraph({ rankdir, nodesep: 10, ranksep: rankdir === "LR" ? 50 : 36, edgesep: 6 });
  blocks.forEach(({ width, height }, id) => plan.setNode(String(id), { width, height }));
  for (const [name, nexts] of lines) for (const next of nexts) plan.setEdge(blockOf.get(name), blockOf.get(next), {});
  dagre.layout(plan);
  blocks.forEach((block, id) => place(block, plan.node(String(id))));
  const between = gaps(blocks, rankdir);
  const drawn = plan.edges().map(edge => {
    const [from, to] = [blocks[edge.v], blocks[edge.w]];
    const points = [middleOf(from), ...plan.edge(edge).points.slice(1, -1), middleOf(to)].flatMap(between);
    return { from: from.boxes, to: to.boxes, path: pathOf(from, to, points.slice(1, -1), rankdir) };
  });
  const { width, height } = plan.graph();
  const asides = asidesOf(lines, boxed, rankdir);
  return { rankdir, blocks, boxed, drawn, asides, bounds: { x: 0, y: 0, width, height } };
}

function middleOf({ x, y, width, height }) {
  return { x: x + width / 2, y: y + height / 2 };
}

// Return what makes of a point of a line the two at which it comes to the row of blocks there and leaves it, so that it
// bends between the rows only. Where there is no row it makes none.
function gaps(blocks, rankdir) {
  const [along, size] = rankdir === "LR" ? ["x", "width"] : ["y", "height"];
  const rows = new Map();
  for (const block of blocks) {
    const at = Math.round(middleOf(block)[along]);
    rows.set(at, Math.max(rows.get(at) ?? 0, block[size]));
  }
  return point => {
    const half = rows.get(Math.round(point[along])) / 2;
    return half ? [-half, half].map(by => ({ ...point, [along]: point[along] + by })) : [];
  };
}

// Return the lines that are left out: those that a longer way says too, and those that lead back.
function asidesOf(lines, boxed, rankdir) {
  return [...lines].flatMap(([name, nexts]) => {
    const { below, back } = graph.get(name);
    const left = [...below, ...back].filter(next => boxed.has(next) && !nexts.has(next));
    const from = boxed.get(name);
    return left
      .map(next => boxed.get(next))
      .map(to => ({ from: [from], to: [to], path: pathOf(from, to, [], rankdir) }));
  });
}

// Place a block, and the boxes in it, around the middle that dagre gave it.
function place(block, { x, y }) {
  Object.assign(block, { x: x - block.width / 2, y: y - block.height / 2 });
  block.boxes.forEach((box, number) => {
    const { columns, cell } = block.columns ? block : { columns: 1, cell: { width: 0, height: 0 } };
    const inset = block.columns ? GAP : 0;
    box.x = block.x + inset + (number % columns) * cell.width;
    box.y = block.y + inset + Math.floor(number / columns) * cell.height;
  });
}

// Return a line from block to block by way of *points*. It leaves and comes in straight.
function pathOf(from, to, points, rankdir) {
  const level = rankdir === "LR";
  const back = level ? to.x < from.x : to.y < from.y;
  let here = sideOf(from, level, back ? 0 : 1);
  const { x, y } = here;
  const curves = [...points, sideOf(to, level, back ? 1 : 0)].map(next => {
    const middle = { x: (here.x + next.x) / 2, y: (here.y + next.y) / 2 };
    const bends = level ? [middle.x, here.y, middle.x, next.y] : [here.x, middle.y, next.x, middle.y];
    here = next;
    return `C${bends.join(" ")} ${next.x} ${next.y}`;
  });
  return `M${x} ${y}${curves.join("")}`;
}

// Return the middle of a side: of the first one that a reader comes to, or of the last.
function sideOf({ x, y, width, height }, level, last) {
  return level ? { x: x + last * width, y: y + height / 2 } : { x: x + width / 2, y: y + last * height };
}

// --- drawing

function element(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function names(boxes) {
  return JSON.stringify(boxes.map(box => box.name));
}

function drawnLine(kind, { from, to, path }) {
  return element("path", { class: kind, d: path, "data-from": names(from), "data-to": names(to) });
}

function drawnFrame({ x, y, width, height }) {
  return element("rect", { class: "frame", x, y, width, height, rx: 6 });
}

// Return what a reader hears of a project, or reads where the pointer rests.
function told(name) {
  const { version, verdict, by, built, below, back } = graph.get(name);
  const requires = [...below, ...back].join(", ");
  const lines = [by && `required by ${by}`, requires && `requires ${requires}`, built && `built by ${built}`];
  return [`${name} ${version}: ${verdict}`, ...lines].filter(Boolean).join("\n");
}

function drawnBox(box) {
  const { x, y, name, label, detail, inner } = box;
  const { level, standing } = graph.get(name);
  const own = name === USER ? {} : { tabindex: 0, role: "button", "aria-label": told(name), "data-name": name };
  const text = element("text", { x: PADDING, y: 16 }, label, element("tspan", {}, detail && ` ${detail}`));
  const rect = element("rect", { width: inner, height: HEIGHT, rx: 4 });
  const place = { class: `node ${standing} ${level}`, transform: `translate(${x} ${y})` };
  const node = element("g", { ...place, ...own }, rect, text);
  if (name !== USER) node.prepend(element("title", {}, told(name)));
  return box.badge ? [node, drawnBadge(box)] : [node];
}

function drawnBadge({ x, y, name, badge, fold, inner, width }) {
  const what = fold.open ? "fold" : `show what is folded, ${fold.count},`;
  const label = `${what} below ${name === USER ? "you" : name}`;
  const attributes = {
    class: `fold ${fold.level}`, "data-fold": name, tabindex: 0, role: "button", "aria-expanded": fold.open,
    "aria-label": label, transform: `translate(${x + inner} ${y})`,
  };
  const rect = element("rect", { x: 2, width: width - inner - 2, height: HEIGHT, rx: HEIGHT / 2 });
  const text = element("text", { x: (width - inner + 2) / 2, y: 16 }, badge);
  return element("g", attributes, element("title", {}, label), rect, text);
}

// Draw what is shown now, in the first of the *rankdirs*, or the other where it can be much larger.
function draw(...rankdirs) {
  const first = always();
  const shown = shownOf(folds, first, opened);
  const badges = foldsOf(graph, folds, first, shown);
  const plans = (shown.size > MOST[0] ? [direction] : rankdirs).map(rankdir => layOut(shown, badges, rankdir));
  const best = plans.reduce((one, other) => (fitting(other.bounds) > 1.5 * fitting(one.bounds) ? other : one));
  [direction, boxes] = [best.rankdir, best.boxed];
  const drawn = [...boxes.values()].sort((one, other) => one.x - other.x || one.y - other.y);
  const frames = best.blocks.filter(block => block.columns).map(drawnFrame);
  svg.replaceChildren(
    ...best.drawn.map(line => drawnLine("edge", line)), ...frames, ...drawn.flatMap(drawnBox),
    ...best.asides.map(line => drawnLine("aside", line)),
  );
  const { x, y, width, height } = svg.getBBox();
  bounds = { x: x - MARGIN, y: y - MARGIN, width: width + 2 * MARGIN, height: height + 2 * MARGIN };
  tell(shown, badges);
  light(picked);
}

function tell(shown, badges) {
  const grave = [...graph.values()].filter(({ level }) => GRAVITY[level]);
  const seen = grave.filter(({ name }) => shown.has(name));
  const all = graph.size - 1;
  document.getElementById("shown").textContent = [
    all ? `${shown.size - 1} of ${all} projects are shown` : "no project was judged",
    seen.length < grave.length ? `, ${seen.length} of ${grave.length} that are refused or warned of` : "",
    [...badges.values()].some(fold => !fold.open) ? "; + opens what is folded" : "",
  ].join("");
}

// --- the ways through a project

function light(name) {
  svg.classList.toggle("chosen", name !== USER);
  const above = name === USER ? new Set() : reached(graph, name, "above");
  const below = name === USER ? new Set() : reached(graph, name, "below");
  for (const node of svg.querySelectorAll(".node, .fold")) {
    const own = node.dataset.name ?? node.dataset.fold ?? USER;
    node.classList.toggle("lit", above.has(own) || below.has(own));
  }
  for (const edge of svg.querySelectorAll(".edge")) {
    const [from, to] = [JSON.parse(edge.dataset.from), JSON.parse(edge.dataset.to)];
    const along = way => from.some(one => way.has(one)) && to.some(one => way.has(one));
    edge.classList.toggle("lit", along(above) || along(below));
  }
  for (const aside of svg.querySelectorAll(".aside"))
    aside.classList.toggle("lit", [aside.dataset.from, aside.dataset.to].includes(JSON.stringify([name])));
}

function nameAt(event) {
  return event.target.closest?.(".node")?.dataset.name ?? USER;
}

svg.addEventListener("pointerover", event => { if (!held) light(nameAt(event) || picked); });
svg.addEventListener("pointerleave", () => { light(picked); });
svg.addEventListener("focusout", () => { light(picked); });
svg.addEventListener("focusin", event => {
  if (event.target === svg || !event.target.matches(":focus-visible")) return;
  reveal(event.target);
  light(nameAt(event) || picked);
});

// --- folding

// Open or close what is folded below *name*. Where not all of it can be read at once, what was clicked stays in its place.
function toggle(name) {
  const { x, y } = foldDrawn(name).getBoundingClientRect();
  const factor = Math.max(scale(), READABLE);
  if (opened.has(name)) close(name);
  else opened.add(name);
  draw(direction);
  if (fitting(bounds) >= READABLE) fit();
  else {
    lookAt(bounds, factor);
    const box = boxes.get(name);
    bring({ x: box.x + box.inner, y: box.y }, x, y);
    reveal(foldDrawn(name));
  }
  foldDrawn(name).focus({ preventScroll: true });
}

function foldDrawn(name) {
  return svg.querySelector(`[data-fold="${CSS.escape(name)}"]`);
}

function close(name) {
  opened.delete(name);
  for (const [below, above] of folds) if (above === name && opened.has(below)) close(below);
}

// Show what there is to tell, as much of it as can be read at once; or all.
function showAll(all) {
  opened.clear();
  if (all) for (const name of openedAll(folds)) opened.add(name);
  for (most of all ? [most] : MOST) {
    draw(...(innerWidth < innerHeight ? ["TB", "LR"] : ["LR", "TB"]));
    if (fitting(bounds) >= READABLE) break;
  }
  fit();
}

document.getElementById("tools").addEventListener("click", event => {
  const view = event.target.closest("[data-view]")?.dataset.view;
  if (view) showAll(view === "all");
});
