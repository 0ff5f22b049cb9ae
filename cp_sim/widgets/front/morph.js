// Turns the old picture into the new one: what both have (by id) moves over, what is new fades in, what is gone fades out.

const ANIMATE_AT_MOST = 150;
const MOVE_MS = 360;
const EASE = "cubic-bezier(.2,.7,.2,1)";

function wantsStillness() {
  return window.matchMedia && window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function elementsOf(svg) {
  const found = new Map();
  for (const group of svg.querySelectorAll("g[id]")) {
    if (!group.classList.contains("graph")) found.set(group.id, group);
  }
  return found;
}

// Where an element is, in the units of its picture.
function placeOf(group) {
  const rect = group.querySelector(":scope > rect");
  if (rect) return { x: +rect.getAttribute("x") + rect.getAttribute("width") / 2, y: +rect.getAttribute("y") + rect.getAttribute("height") / 2 };
  try {
    const box = group.getBBox();
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  } catch {
    return { x: 0, y: 0 };
  }
}

function shiftOf(svg) {
  const graph = svg.querySelector("g.graph");
  const found = graph && /translate\(([-\d.]+)[ ,]+([-\d.]+)\)/.exec(graph.getAttribute("transform") || "");
  return found ? { x: +found[1], y: +found[2] } : { x: 0, y: 0 };
}

// What an element looks like, its place aside: a change is worth a blink.
function looksOf(group) {
  return group.getAttribute("class") + "|" + group.textContent;
}

function parsePicture(text) {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  return document.importNode(parsed, true);
}

// Puts the picture `text` into `host`; returns how many elements moved, came and went.
function morph(host, text) {
  const next = parsePicture(text);
  const old = host.querySelector(":scope > svg");
  if (!old) {
    host.replaceChildren(next);
    return { moved: 0, came: elementsOf(next).size, gone: 0 };
  }
  const before = elementsOf(old);
  const after = elementsOf(next);
  const measure = !wantsStillness() && before.size <= 900;
  const oldShift = shiftOf(old);
  const pairs = [];
  for (const [id, group] of after) {
    if (before.has(id)) pairs.push([before.get(id), group]);
  }
  if (pairs.length < 0.3 * Math.min(before.size, after.size)) {
    // Another picture altogether: two at once, one fading over the other, could not be read.
    old.replaceWith(next);
    if (!wantsStillness()) next.animate([{ opacity: 0.2 }, { opacity: 1 }], { duration: 160, easing: "ease-out" });
    return { moved: 0, came: after.size, gone: before.size };
  }
  const places = measure ? pairs.map(([group]) => [placeOf(group), looksOf(group)]) : [];
  old.replaceWith(next);
  const came = [...after].filter(([id]) => !before.has(id)).map(([, group]) => group);
  const gone = [...before].filter(([id]) => !after.has(id)).map(([, group]) => group);
  return animate(next, measure ? pairs : [], places, came, gone, oldShift);
}

// Changes only what `delta` names: elements that came or changed (as text), ids that are gone, the order of drawing.
function morphBy(host, delta) {
  const svg = host.querySelector(":scope > svg");
  const graph = svg.querySelector("g.graph");
  const oldShift = shiftOf(svg);
  for (const [name, value] of Object.entries(delta.attributes)) svg.setAttribute(name, value);
  graph.setAttribute("transform", delta.transform);
  const elements = elementsOf(svg);
  const fragment = parsePicture(`<svg xmlns="http://www.w3.org/2000/svg">${delta.ground}${delta.changed}</svg>`);
  if (delta.ground) graph.querySelector(":scope > polygon").replaceWith(fragment.querySelector(":scope > polygon"));
  const measure = !wantsStillness();
  const fresh = [...fragment.querySelectorAll(":scope > g")];
  const pairs = fresh.filter((group) => elements.has(group.id)).map((group) => [elements.get(group.id), group]);
  const came = fresh.filter((group) => !elements.has(group.id));
  const places = measure ? pairs.map(([group]) => [placeOf(group), looksOf(group)]) : [];
  for (const [old, group] of pairs) {
    old.replaceWith(group);
    elements.set(group.id, group);
  }
  for (const group of came) elements.set(group.id, group);
  const gone = delta.gone.map((id) => elements.get(id)).filter(Boolean);
  for (const group of gone) group.remove();
  if (delta.order) {
    let place = graph.querySelector(":scope > polygon") ? graph.querySelector(":scope > polygon").nextSibling : graph.firstChild;
    for (const id of delta.order) {
      const group = elements.get(id);
      while (place && place.nodeType !== 1) place = place.nextSibling;
      if (group === place) place = place.nextSibling;
      else graph.insertBefore(group, place);
    }
  }
  return animate(svg, measure ? pairs : [], places, came, gone, oldShift);
}

function animate(svg, pairs, places, came, gone, oldShift) {
  const newShift = shiftOf(svg);
  const moves = [];
  const changes = [];
  pairs.forEach(([, group], at) => {
    const [place, looks] = places[at];
    const now = placeOf(group);
    const dx = place.x + oldShift.x - now.x - newShift.x;
    const dy = place.y + oldShift.y - now.y - newShift.y;
    if (Math.abs(dx) > 0.5 || Math.abs(dy) > 0.5) moves.push([group, dx, dy]);
    else if (looks !== looksOf(group)) changes.push(group);
  });
  const result = { moved: moves.length, came: came.length, gone: gone.length };
  const still = wantsStillness() || typeof svg.animate !== "function";
  if (still || moves.length > ANIMATE_AT_MOST || came.length + gone.length > 4 * ANIMATE_AT_MOST) return result;
  for (const [group, dx, dy] of moves) {
    const path = [{ transform: `translate(${dx}px,${dy}px)` }, { transform: "none" }];
    group.animate(path, { duration: MOVE_MS, easing: EASE });
  }
  for (const group of came) group.animate([{ opacity: 0 }, { opacity: 1 }], { duration: MOVE_MS, easing: "ease-out" });
  for (const group of changes) group.animate([{ opacity: 0.35 }, { opacity: 1 }], { duration: MOVE_MS, easing: "ease-out" });
  fadeOut(svg, gone, oldShift.x - newShift.x, oldShift.y - newShift.y);
  return result;
}

function fadeOut(svg, groups, dx, dy) {
  const graph = svg.querySelector("g.graph");
  if (!graph || !groups.length || groups.length > ANIMATE_AT_MOST) return;
  const layer = document.createElementNS("http://www.w3.org/2000/svg", "g");
  layer.setAttribute("transform", `translate(${dx},${dy})`);
  layer.setAttribute("aria-hidden", "true");
  layer.style.pointerEvents = "none";
  for (const group of groups) {
    group.removeAttribute("id");
    layer.append(group);
  }
  graph.append(layer);
  const fading = layer.animate([{ opacity: 1 }, { opacity: 0 }], { duration: 260, easing: "ease-in", fill: "forwards" });
  const remove = () => layer.remove();
  fading.finished.then(remove, remove);
}

// A picture that can be clicked and walked through with the arrow keys; `chosen(id, sentence)` hears of both.
function livingPicture(host, chosen) {
  host.tabIndex = 0;
  host.classList.add("cp-picture");
  let focus = -1;
  const tellers = () => [...host.querySelectorAll("g[id] > title")].map((title) => title.parentNode);
  const mark = (group) => {
    for (const other of host.querySelectorAll(".cp-focus")) other.classList.remove("cp-focus");
    if (group) group.classList.add("cp-focus");
  };
  host.addEventListener("click", (happening) => {
    const group = happening.target.closest("g[id]");
    if (!group || group.classList.contains("graph")) return;
    mark(group);
    chosen(group.id, sentenceOf(group), true);
  });
  host.addEventListener("keydown", (happening) => {
    const all = tellers();
    if (!all.length) return;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[happening.key];
    if (step) {
      focus = (focus + step + all.length) % all.length;
      mark(all[focus]);
      chosen(all[focus].id, sentenceOf(all[focus]), false);
    } else if ((happening.key === "Enter" || happening.key === " ") && all[focus]) {
      chosen(all[focus].id, sentenceOf(all[focus]), true);
    } else {
      return;
    }
    happening.preventDefault();
    happening.stopPropagation();
  });
}

function sentenceOf(group) {
  const title = group.querySelector(":scope > title");
  return title ? title.textContent : group.id;
}

// Follows the theme of JupyterLab, or the system's where there is none.
function followTheme(root) {
  const apply = () => {
    const lab = document.body.dataset.jpThemeLight;
    const dark = lab ? lab === "false" : window.matchMedia("(prefers-color-scheme: dark)").matches && !!document.body.dataset.vscodeThemeKind;
    root.classList.toggle("cp-dark", dark);
  };
  apply();
  const observer = new MutationObserver(apply);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name"] });
  return () => observer.disconnect();
}

// make("button", {class: "x", onclick: f}, "text", child): an element.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && !["list", "type", "role", "for"].includes(name) && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}
