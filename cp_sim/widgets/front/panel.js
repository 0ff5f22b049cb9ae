// The numbers behind an element of a picture, beside a list of all elements that have some: for the pointer and the keyboard.

class Numbers {
  constructor() {
    this.panels = {};
    this.open = "";
    this.list = make("select", { class: "cp-input", "data-do": "numbers", "aria-label": "numbers of", onchange: (e) => this.show(e.target.value) });
    this.paper = make("div", { class: "cp-numbers-paper", role: "region", "aria-live": "polite", "aria-label": "numbers" });
    this.root = make("div", { class: "cp-numbers", hidden: true }, make("label", { class: "cp-check" }, "numbers of", this.list), this.paper);
  }

  // Takes the panels of a new picture; the one that is open stays open if the picture still has it.
  take(panels) {
    this.panels = panels || {};
    const all = Object.entries(this.panels).filter(([, panel]) => typeof panel !== "string");
    this.root.hidden = !all.length;
    this.list.replaceChildren(make("option", { value: "" }, "choose, or click in the picture"), ...all.map(([id, panel]) => make("option", { value: id }, panel.title)));
    this.show(this.idOf(this.open));
  }

  // Where the numbers of an element are: its own, or those of the element that it belongs to.
  idOf(id) {
    let found = id in this.panels ? id : id.split("#")[0];
    for (let steps = 0; typeof this.panels[found] === "string" && steps < 4; steps++) found = this.panels[found];
    return this.panels[found] ? found : "";
  }

  // Shows the numbers of a clicked element; those of an element without any leave things as they are.
  clicked(id) {
    const found = this.idOf(id);
    if (found) this.show(found);
  }

  show(id) {
    this.open = id;
    this.list.value = id;
    this.root.dataset.shown = id;
    const panel = this.panels[id];
    this.paper.replaceChildren(...(panel ? [make("h4", {}, panel.title), make("p", {}, panel.text), make("div", { class: "cp-tables" }, ...panel.tables.map(tableOf))] : []));
  }
}

function tableOf({ head, rows, marks }) {
  const line = (row, at) => make("tr", { class: marks[at] ? `cp-${marks[at]}` : undefined },
    ...row.map((cell, place) => make(place ? "td" : "th", { scope: place ? undefined : "row" }, cell)));
  const top = make("tr", {}, ...head.map((cell) => make("th", { scope: "col" }, cell)));
  return make("table", {}, make("thead", {}, top), make("tbody", {}, ...rows.map(line)));
}
