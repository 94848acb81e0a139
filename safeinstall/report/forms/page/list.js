"use strict";
// The list of files: its filters, which the address of the page keeps, and the project that was picked in the picture.

const fields = ["search", "state", "level", "rule"].map(name => document.getElementById(name));
const files = [...document.querySelectorAll(".file")];

function matches(file) {
  const [search, state, level, rule] = fields.map(field => field.value);
  return (!picked || file.dataset.name === picked)
    && (!state || file.dataset.state === state)
    && (!level || file.dataset.level === level)
    && (!rule || file.dataset.rule.split(" ").includes(rule))
    && file.textContent.toLowerCase().includes(search.toLowerCase());
}

function show() {
  let count = 0;
  for (const file of files) count += !(file.hidden = !matches(file));
  document.getElementById("count").textContent = `${count} of ${files.length} files`;
  const state = new URLSearchParams(fields.map(field => [field.id, field.value]).filter(([, value]) => value));
  if (picked) state.set("name", picked);
  history.replaceState(null, "", "#" + state);
}

function restore() {
  const state = new URLSearchParams(location.hash.slice(1));
  for (const field of fields) field.value = state.get(field.id) ?? "";
  const name = state.get("name") ?? USER;
  picked = graph.has(name) ? name : USER;
  showAll(false);
  show();
}

// Pick a project, or none: its ways stay lit, and its files are listed.
function pick(name) {
  const drawn = boxes.has(name);
  picked = name === picked ? USER : name;
  if (drawn) light(picked);
  else showAll(false);
  show();
}

function act(event) {
  const fold = event.target.closest("[data-fold]");
  if (fold) toggle(fold.dataset.fold);
  else pick(nameAt(event));
}

svg.addEventListener("click", act);
svg.addEventListener("keydown", event => {
  if ((event.key !== "Enter" && event.key !== " ") || event.target === svg) return;
  event.preventDefault();
  act(event);
});
document.getElementById("files").addEventListener("click", event => {
  const name = event.target.closest("[data-ways]")?.dataset.ways;
  if (!name) return;
  if (name !== picked) pick(name);
  document.getElementById("graph").scrollIntoView();
});
document.getElementById("filters").addEventListener("input", show);
document.getElementById("filters").addEventListener("submit", event => event.preventDefault());
window.addEventListener("hashchange", restore);
document.documentElement.classList.add("scripted");
restore();
