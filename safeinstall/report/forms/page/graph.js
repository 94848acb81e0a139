"use strict";
// What of the graph is shown: at first what is refused or warned of and the ways to it. The rest is folded.

const USER = "";
const SMALL = 12; // projects of a graph that is shown whole
const FEW = 12; // requirements of the user that are shown, each with the rest folded below it
const MOST = [40, 28, 20, 14, 10, 6]; // projects that are shown at first, the fewer the smaller the window
const TANGLED = 250; // projects from which on one line leads to each
const MOST_EVER = 600; // projects that "All" shows; what is folded below them can still be opened
const GRAVITY = { allow: 0, warn: 1, deny: 2 };

// Return the graph that the rows of the table tell of, by name. Each project knows who is above it, what is below, and
// to which of those that it is there for itself it leads back.
function readGraph(rows) {
  const ends = () => ({ above: [], below: [], back: [] });
  const graph = new Map([[USER, { name: USER, version: "", mark: "", level: "allow", standing: "user", ...ends() }]]);
  for (const { dataset: { name, version, level, standing }, cells: [, , verdict, by, builder] } of rows) {
    const [mark, built] = [builder?.dataset.mark ?? "", builder?.textContent ?? ""];
    const told = { verdict: verdict.textContent, by: by.textContent, built };
    graph.set(name, { name, version, level, standing, mark, ...told, ...ends() });
  }
  for (const { dataset: { name, by } } of rows)
    for (const above of JSON.parse(by))
      if (graph.has(above) && above !== name) {
        graph.get(above).below.push(name);
        graph.get(name).above.push(above);
      }
  return graph;
}

// Return *name* and all that is "above" or "below" it.
function reached(graph, name, side) {
  const found = new Set([name]);
  for (const here of found) for (const next of graph.get(here)?.[side] ?? []) found.add(next);
  return found;
}

// Return below which other project each one is folded, nearest the user first: its way up is a shortest one.
function foldedBelow(graph) {
  const folds = new Map();
  const seen = new Set([USER]);
  const walk = () => {
    for (const here of seen)
      for (const next of graph.get(here).below)
        if (!seen.has(next)) {
          seen.add(next);
          folds.set(next, here);
        }
  };
  walk();
  for (const { name } of [...graph.values()].sort((one, other) => one.above.length - other.above.length))
    if (!seen.has(name)) { // nothing leads from the user to it
      seen.add(name);
      folds.set(name, USER);
      walk();
    }
  return folds;
}

// Take the ways back out of those that lead on, so that no loop is left: nobody comes to a project by one.
function setBackApart(graph, folds) {
  const depth = new Map([[USER, 0]]);
  for (const [name, above] of folds) depth.set(name, depth.get(above) + 1);
  for (const { name, below } of graph.values())
    for (const next of below)
      if (depth.get(next) < depth.get(name) && wayUp(folds, name).includes(next)) turnBack(graph, name, next);
  openLoops(graph);
}

// Turn back what would close a loop, on a walk that goes down first. It does not call itself: a chain may be long.
function openLoops(graph) {
  const done = new Set();
  for (const start of graph.keys()) {
    const way = done.has(start) ? [] : [start];
    const left = new Map([[start, [...graph.get(start).below]]]);
    while (way.length) {
      const name = way.at(-1);
      const next = left.get(name).shift();
      if (next === undefined) done.add(way.pop()), left.delete(name);
      else if (left.has(next)) turnBack(graph, name, next);
      else if (!done.has(next)) way.push(next), left.set(next, [...graph.get(next).below]);
    }
  }
}

function turnBack(graph, name, next) {
  const [from, to] = [graph.get(name), graph.get(next)];
  from.back.push(next);
  from.below = from.below.filter(one => one !== next);
  to.above = to.above.filter(one => one !== name);
}

function wayUp(folds, name) {
  const way = [name];
  while (folds.has(way.at(-1))) way.push(folds.get(way.at(-1)));
  return way;
}

// Return what there is to tell of, the gravest first, then the nearest to the user.
function toTell(graph, folds) {
  const told = [...folds.keys()].filter(name => GRAVITY[graph.get(name).level]);
  return told.sort((one, other) => GRAVITY[graph.get(other).level] - GRAVITY[graph.get(one).level]);
}

// Return what is shown before anything is opened: one way to each that there is to tell of, then all ways, until there
// would be more than so many. Of what is refused as much as ever.
function firstShown(graph, folds, most) {
  if (graph.size <= SMALL) return new Set(graph.keys());
  const shown = new Set([USER]);
  const show = (names, limit = most) => {
    const all = new Set([...shown, ...names]);
    if (all.size <= limit || shown.size === 1) for (const name of names) shown.add(name);
  };
  const told = toTell(graph, folds);
  const limit = name => (graph.get(name).level === "deny" ? MOST[0] : most);
  for (const name of told) show(wayUp(folds, name), limit(name));
  for (const name of told) if (shown.has(name)) show(reached(graph, name, "above"), limit(name));
  const asked = graph.get(USER).below;
  if (asked.length <= FEW) show(asked);
  return shown;
}

// Return *first* and what is folded below each of the *opened*.
function shownOf(folds, first, opened) {
  const shown = new Set(first);
  for (const [name, above] of folds) if (shown.has(above) && opened.has(above)) shown.add(name);
  return shown;
}

// Return what to open to show all that can be drawn, the nearest to the user first.
function openedAll(folds) {
  const opened = new Set();
  const children = new Map();
  for (const above of folds.values()) children.set(above, (children.get(above) ?? 0) + 1);
  let count = 1;
  for (const [name, below] of children) {
    count += below;
    if (count > MOST_EVER) break;
    opened.add(name);
  }
  return opened;
}

// Return the folds by whom they are below: how much is folded there, and how grave the gravest of that is; or that it is
// open, and can be folded again.
function foldsOf(graph, folds, first, shown) {
  const found = new Map();
  const owners = new Map();
  for (const [name, above] of folds) {
    if (first.has(name)) continue;
    if (shown.has(name)) {
      found.set(above, { open: true, level: "allow" });
      continue;
    }
    const owner = owners.get(above) ?? above;
    owners.set(name, owner);
    const { count, level } = found.get(owner) ?? { count: 0, level: "allow" };
    const own = graph.get(name).level;
    found.set(owner, { open: false, count: count + 1, level: GRAVITY[own] > GRAVITY[level] ? own : level });
  }
  return found;
}

// Return what to draw a line to, by name: what is below, but for that to which a longer way leads too. Where there is too
// much for that it is what is folded there.
function linesOf(graph, folds, shown) {
  if (shown.size > TANGLED) {
    const lines = new Map([...shown].map(name => [name, new Set()]));
    for (const name of shown) lines.get(folds.get(name))?.add(name);
    return lines;
  }
  const lines = new Map([...shown].map(name => [name, new Set(graph.get(name).below.filter(next => shown.has(next)))]));
  for (const nexts of lines.values())
    for (const next of [...nexts]) {
      nexts.delete(next);
      if (!leads(lines, nexts, next)) nexts.add(next);
    }
  return lines;
}

function leads(lines, from, to) {
  const found = new Set(from);
  for (const here of found) {
    if (here === to) return true;
    for (const next of lines.get(here)) found.add(next);
  }
  return false;
}
