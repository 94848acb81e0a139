"""Style and script of the page that ``form_html`` writes."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --deny: #b3261e; --warn: #8a5a00; --allow: #1b6e3c; --quiet: #6b7280;
  --line: #9ca3af66; --back: #fff; --text: #111827 }
@media (prefers-color-scheme: dark) { :root { --deny: #ff8a80; --warn: #ffca6b; --allow: #7fd8a0; --quiet: #9ca3af;
  --back: #14181f; --text: #e5e7eb } }
body { font: 14px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 1200px; padding: 1rem; color: var(--text);
  background: var(--back) }
h1 { font-size: 1.3rem; border-left: .5rem solid var(--allow); padding-left: .6rem }
h1.denied, h1.failed { border-color: var(--deny) }
h2 { font-size: 1.05rem }
.error { white-space: pre-wrap; color: var(--deny) }
#graph { overflow: auto; max-height: 60vh; border: 1px solid var(--line); border-radius: 6px; padding: .5rem }
.edge { fill: none; stroke: var(--line) }
.node rect { fill: var(--back); stroke: var(--allow) }
.node text { font-size: 11px; fill: var(--text) }
.node.user rect, .node.kept rect { stroke: var(--quiet); stroke-dasharray: 3 2 }
.node.warn rect { stroke: var(--warn); stroke-width: 2 }
.node.deny rect { stroke: var(--deny); stroke-width: 2.5 }
.node[data-name] { cursor: pointer }
svg.chosen .node, svg.chosen .edge { opacity: .15 }
svg.chosen .lit { opacity: 1 }
svg.chosen .edge.lit { stroke: var(--text) }
#filters { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0; position: sticky; top: 0;
  background: var(--back); padding: .5rem 0 }
#search { flex: 1; min-width: 12rem }
.file { border-left: 4px solid var(--allow); margin: .3rem 0; padding: .2rem .7rem }
.file.warn { border-color: var(--warn) }
.file.deny { border-color: var(--deny) }
.file.hidden { opacity: .75 }
.file[hidden] { display: none }
summary { cursor: pointer; overflow-wrap: anywhere }
summary span, summary i, small, dt { color: var(--quiet) }
summary i { float: right }
p.deny > b { color: var(--deny) }
p.warn > b { color: var(--warn) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem }
dd { margin: 0; overflow-wrap: anywhere }
"""

SCRIPT = """
"use strict";
const names = ["search", "state", "level", "rule"];
const fields = names.map(name => document.getElementById(name));
const files = [...document.querySelectorAll(".file")];
const svg = document.querySelector("#graph svg");
const edges = [...svg.querySelectorAll(".edge")];
let picked = "";

function matches(file) {
  const [search, state, level, rule] = fields.map(field => field.value);
  return (!picked || file.dataset.name === picked)
    && (!state || file.dataset.state === state)
    && (!level || file.dataset.level === level)
    && (!rule || file.dataset.rule.split(" ").includes(rule))
    && file.textContent.toLowerCase().includes(search.toLowerCase());
}

function reached(from, to) {
  const found = new Set([picked]);
  for (const name of found)
    for (const edge of edges) if (edge.dataset[from] === name) found.add(edge.dataset[to]);
  return found;
}

function light() {
  svg.classList.toggle("chosen", picked !== "");
  const above = picked ? reached("to", "from") : new Set();
  const below = picked ? reached("from", "to") : new Set();
  for (const node of svg.querySelectorAll(".node")) {
    const name = node.dataset.name ?? "";
    node.classList.toggle("lit", above.has(name) || below.has(name));
  }
  for (const edge of edges) {
    const { from, to } = edge.dataset;
    edge.classList.toggle("lit", above.has(from) && above.has(to) || below.has(from) && below.has(to));
  }
}

function show() {
  let count = 0;
  for (const file of files) count += !(file.hidden = !matches(file));
  document.getElementById("count").textContent = `${count} of ${files.length} files`;
  light();
  const state = new URLSearchParams(fields.map(field => [field.id, field.value]).filter(([, value]) => value));
  if (picked) state.set("name", picked);
  history.replaceState(null, "", "#" + state);
}

function restore() {
  const state = new URLSearchParams(location.hash.slice(1));
  for (const field of fields) field.value = state.get(field.id) ?? "";
  picked = state.get("name") ?? "";
  show();
}

function pick(event) {
  const name = event.target.closest(".node")?.dataset.name ?? "";
  picked = name === picked ? "" : name;
  show();
}

document.getElementById("filters").addEventListener("input", show);
document.getElementById("filters").addEventListener("submit", event => event.preventDefault());
svg.addEventListener("click", pick);
svg.addEventListener("keydown", event => { if (event.key === "Enter") pick(event); });
window.addEventListener("hashchange", restore);
restore();
"""
