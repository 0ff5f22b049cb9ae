// The dashboard: sends one message at a time to Python and shows the frame that comes back.

function render({ model, el }) {
  const root = make("div", { class: "cp-sim cp-desk" });
  el.append(root);
  const stopTheme = followTheme(root);
  const desk = new Desk(model, root);
  const heard = (frame) => desk.show(frame);
  model.on("msg:custom", heard);
  desk.show(model.get("frame"));
  if (desk.frame && model.get("seq") !== desk.frame.seq) desk.send({ kind: "hello" });
  return () => {
    desk.pause();
    stopTheme();
    model.off("msg:custom", heard);
  };
}

const LOG_LINES = 150;

class Desk {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.busy = false;
    this.waiting = null; // the newest message that could not be sent yet (dragging sends many)
    this.token = 0;
    this.playing = false;
    this.serial = Math.random().toString(36).slice(2, 8);
    this.build();
  }

  // -- talking to Python ---------------------------------------------------------------------------------------

  send(message) {
    if (this.busy) {
      this.waiting = message;
      return;
    }
    this.busy = true;
    this.root.setAttribute("aria-busy", "true");
    this.sentAt = performance.now();
    this.model.send({ base: this.frame ? this.frame.seq : 0, ...message, token: `${this.serial}-${++this.token}` });
  }

  command(command, fields = {}) {
    this.send({ kind: "command", command, fields });
  }

  show(frame) {
    if (!frame || !frame.seq) return;
    if (this.frame && (this.frame.tab !== frame.tab || this.frame.picture.title !== frame.picture.title)) this.sentence.textContent = "";
    const mine = frame.answers && frame.answers.startsWith(this.serial);
    const began = performance.now();
    const first = !this.frame;
    if (frame.picture.delta && (first || frame.picture.base !== this.frame.seq)) {
      this.lost(mine);
      return;
    }
    this.frame = frame;
    if (frame.picture.delta) morphBy(this.picture, frame.picture.delta);
    else morph(this.picture, frame.picture.svg);
    this.picture.setAttribute("aria-label", frame.picture.title);
    this.twin.textContent = frame.picture.text;
    this.numbers.take(frame.picture.panels);
    this.showScheduler(frame.scheduler);
    this.showTabs(frame, first);
    this.showStatus(frame);
    this.showNodes(frame);
    this.showWorkloads(frame);
    this.showFaults(frame);
    this.showSelected(frame);
    this.showLog(frame);
    this.showOutcome(frame);
    this.root.dataset.tab = frame.tab;
    this.root.dataset.seq = frame.seq;
    this.root.dataset.showMs = (performance.now() - began).toFixed(1);
    if (mine) {
      this.root.dataset.ms = Math.round(performance.now() - this.sentAt);
      this.busy = false;
      this.root.removeAttribute("aria-busy");
      if (this.waiting) {
        const next = this.waiting;
        this.waiting = null;
        this.send(next);
      } else if (this.playing) {
        this.beat();
      }
    }
  }

  // A frame came that builds on one this page never saw: ask for the whole.
  lost(mine) {
    if (mine) this.busy = false;
    this.send({ kind: "hello", base: 0 });
  }

  // -- building ------------------------------------------------------------------------------------------------

  build() {
    this.tabs = make("div", { class: "cp-tabs", role: "tablist", "aria-label": "pictures", onkeydown: (e) => this.tabKeys(e) });
    this.picture = make("div", { role: "tabpanel" });
    livingPicture(this.picture, (id, sentence, clicked) => {
      this.sentence.textContent = sentence;
      if (!clicked) return;
      this.numbers.clicked(id);
      this.send({ kind: "select", id });
    });
    this.numbers = new Numbers();
    this.sentence = make("div", { class: "cp-sentence", role: "status" });
    this.twin = make("pre");
    this.live = make("div", { class: "cp-outcome", role: "status", "aria-live": "polite" });
    const twin = make("details", { class: "cp-twin" }, make("summary", {}, "as text"), this.twin);
    this.root.append(
      this.buildBar(),
      this.live,
      this.tabs,
      this.buildScheduler(),
      make("div", { class: "cp-frame" }, this.picture),
      make("div", { class: "cp-under" }, this.sentence, twin),
      this.numbers.root,
      this.buildPast(),
      make("div", { class: "cp-below" }, this.buildControls(), this.buildLog()),
    );
  }

  button(words, action, more = {}) {
    return make("button", { type: "button", class: "cp-button", onclick: action, ...more }, words);
  }

  field(name, words, more = {}) {
    const id = `cp-${this.serial}-${more.form || "x"}-${name}`;
    const wrong = make("span", { class: "cp-wrong", id: `${id}-wrong`, role: "alert" });
    const input = make(more.tag || "input", {
      id, name, autocomplete: "off", spellcheck: "false", class: "cp-input", placeholder: more.placeholder, type: more.tag ? undefined : more.type || "text",
      value: more.value, "aria-describedby": `${id}-wrong`, min: more.min, size: more.size, rows: more.rows,
    });
    if (more.value !== undefined) input.value = more.value;
    input.addEventListener("input", () => this.clearWrong(input));
    const label = make("label", { class: `cp-field ${more.wide ? "cp-wide" : ""}`, for: id }, make("span", {}, words), input, wrong);
    return { label, input, wrong };
  }

  clearWrong(input) {
    input.removeAttribute("aria-invalid");
    const wrong = this.root.querySelector(`#${CSS.escape(input.id)}-wrong`);
    if (wrong) wrong.textContent = "";
  }

  buildBar() {
    this.duration = this.field("duration", "for", { form: "run", value: "10s", size: 6 });
    this.duration.input.addEventListener("keydown", (e) => e.key === "Enter" && this.run());
    this.play = this.button("▶ Play", () => this.toggle(), { "data-do": "play", "aria-pressed": "false", title: "let things happen one after the other" });
    this.speed = make("select", { class: "cp-input", "aria-label": "speed" },
      make("option", { value: "900" }, "slow"), make("option", { value: "350", selected: true }, "normal"), make("option", { value: "60" }, "fast"));
    this.automatic = make("input", { type: "checkbox", onchange: (e) => this.send({ kind: "automatic", on: e.target.checked }) });
    this.statusLine = make("div", { class: "cp-status" });
    return make("div", { class: "cp-bar" },
      make("div", { class: "cp-group", role: "group", "aria-label": "time" },
        this.button("Step", () => this.command("step"), { "data-do": "step", title: "let one thing happen" }),
        this.button("Run", () => this.run(), { "data-do": "run", title: "let virtual time pass" }), this.duration.label,
        this.button("Settle", () => this.command("settle"), { "data-do": "settle", title: "run until nothing is left to do" }),
        this.play, this.speed,
        make("label", { class: "cp-check", title: "settle after each change; switch it off to step through what follows" }, this.automatic, "settle after each change")),
      this.statusLine);
  }

  run() {
    this.command("run", { duration: this.duration.input.value });
  }

  // Whose decision, which attempt, which of its pictures, and why not on another node.
  buildScheduler() {
    const choose = (name, words, told) => {
      const list = make("select", { class: "cp-input", "data-do": `scheduler-${name}`, "aria-label": words, onchange: (e) => this.send({ kind: "decision", ...told(e.target.value) }) });
      return { list, label: make("label", { class: "cp-check" }, words, list) };
    };
    const pod = choose("pod", "pod", (value) => ({ pod: value }));
    const attempt = choose("attempt", "attempt", (value) => ({ record: +value }));
    const node = choose("node", "why not on", (value) => ({ node: value }));
    this.schedulerLists = { pod: pod.list, attempt: attempt.list, node: node.list };
    this.schedulerPictures = make("div", { class: "cp-group", role: "group", "aria-label": "pictures of the scheduler" });
    this.whyNot = make("output", { "aria-live": "polite", "data-answer": "why-not" });
    this.scheduler = make("div", { class: "cp-row cp-scheduler", hidden: true }, pod.label, attempt.label, this.schedulerPictures, node.label, this.whyNot);
    return this.scheduler;
  }

  showScheduler(told) {
    this.scheduler.hidden = !told;
    if (!told) return;
    const fill = (list, options, chosen) => {
      const key = JSON.stringify(options);
      if (list.dataset.key !== key) list.replaceChildren(...options.map(([value, words]) => make("option", { value: String(value) }, words)));
      list.dataset.key = key;
      list.value = String(chosen);
    };
    fill(this.schedulerLists.pod, [["", "the newest"], ...told.pods], told.pod);
    fill(this.schedulerLists.attempt, told.attempts.length ? told.attempts : [[0, "none"]], told.record);
    fill(this.schedulerLists.node, [["", "which node?"], ...told.nodes.map((name) => [name, name])], told.node);
    if (!this.schedulerPictures.childElementCount) {
      this.schedulerPictures.append(...told.pictures.map(([name, words]) => this.button(words, () => this.send({ kind: "decision", picture: name }), { "data-do": `scheduler-${name}` })));
    }
    for (const button of this.schedulerPictures.children) button.setAttribute("aria-pressed", String(button.dataset.do === `scheduler-${told.picture}`));
    this.whyNot.textContent = told.why;
  }

  buildPast() {
    this.slider = make("input", { type: "range", min: "1", step: "1", "aria-label": "revision", oninput: (e) => this.look(+e.target.value) });
    this.sliderWords = make("output", { class: "cp-slider-words" });
    this.now = this.button("Return to now", () => this.look(0), { "data-do": "now" });
    const nudge = (by) => () => this.look(Math.max(+this.slider.min, Math.min(+this.slider.max, +this.slider.value + by)));
    return make("div", { class: "cp-past", role: "group", "aria-label": "looking back" },
      this.button("◂", nudge(-1), { "aria-label": "one revision back", "data-do": "back" }), this.slider,
      this.button("▸", nudge(1), { "aria-label": "one revision forward", "data-do": "forward" }), this.sliderWords, this.now);
  }

  look(revision) {
    this.pause();
    this.send({ kind: "look", revision });
  }

  buildControls() {
    const panels = { Nodes: this.buildNodes(), "New workload": this.buildWorkload(), YAML: this.buildYaml(), Faults: this.buildFaults(), Selected: this.buildSelected() };
    this.panels = panels;
    this.panelTabs = make("div", { class: "cp-tabs cp-small", role: "tablist", "aria-label": "controls", onkeydown: (e) => this.walk(e, this.panelTabs) });
    for (const name of Object.keys(panels)) {
      this.panelTabs.append(make("button", { type: "button", role: "tab", "data-panel": name, onclick: () => this.openPanel(name) }, name));
    }
    this.controls = make("fieldset", { class: "cp-controls" }, make("legend", {}, "controls"), ...Object.values(panels));
    this.openPanel("Nodes");
    return make("section", { class: "cp-card", "aria-label": "controls" }, this.panelTabs, this.controls);
  }

  openPanel(name) {
    for (const [other, panel] of Object.entries(this.panels)) panel.hidden = other !== name;
    for (const tab of this.panelTabs.children) {
      const on = tab.dataset.panel === name;
      tab.setAttribute("aria-selected", on);
      tab.tabIndex = on ? 0 : -1;
    }
  }

  // A form whose fields are found again by name when the API server names one.
  form(name, fields, ...rest) {
    const form = make("form", { class: "cp-form", "data-form": name, onsubmit: (e) => e.preventDefault() }, ...Object.values(fields).map((one) => one.label), ...rest);
    form.fields = fields;
    return form;
  }

  buildNodes() {
    this.node = make("select", { class: "cp-input", "aria-label": "node", name: "node", onchange: () => this.showNode() });
    this.taintList = make("div", { class: "cp-chips", "aria-label": "taints of this node" });
    const taint = { taint: this.field("taint", "new taint", { form: "taint", placeholder: "key=value:NoSchedule", wide: true }) };
    const chosen = () => this.node.value;
    const add = () => this.command("taint", { node: chosen(), taint: taint.taint.input.value });
    this.cordon = this.button("Cordon", () => this.command(this.cordon.dataset.do, { node: chosen() }), { "data-do": "cordon" });
    this.forms = { taint: this.form("taint", taint, this.button("Add taint", add, { "data-do": "taint", type: "submit" })) };
    const fields = {
      name: this.field("name", "name", { form: "add", size: 12 }),
      cpu: this.field("cpu", "cpu", { form: "add", value: "4", size: 5 }),
      memory: this.field("memory", "memory", { form: "add", value: "8Gi", size: 6 }),
      zone: this.field("zone", "zone", { form: "add", size: 5 }),
    };
    const addNode = () => {
      this.command("add_node", this.values(fields));
      fields.name.input.value = "";
    };
    this.newNode = fields.name.input;
    this.forms.add_node = this.form("add_node", fields, this.button("Add node", addNode, { "data-do": "add_node", type: "submit" }));
    return make("div", { class: "cp-panel", role: "tabpanel", "aria-label": "Nodes" },
      make("div", { class: "cp-row" }, make("label", { class: "cp-field" }, make("span", {}, "node"), this.node), this.cordon,
        this.button("Drain", () => this.command("drain", { node: chosen() }), { "data-do": "drain" }),
        this.button("Remove", () => this.command("remove_node", { node: chosen() }), { "data-do": "remove_node", class: "cp-button cp-grave" })),
      make("div", { class: "cp-row" }, make("span", { class: "cp-head" }, "taints"), this.taintList),
      this.forms.taint, make("hr"), this.forms.add_node);
  }

  buildWorkload() {
    this.kind = make("select", { class: "cp-input", name: "kind", "aria-label": "kind", onchange: () => this.showKind() },
      make("option", {}, "Deployment"), make("option", {}, "Pod"));
    const fields = {
      name: this.field("name", "name", { form: "create", value: "web", size: 12 }),
      replicas: this.field("replicas", "replicas", { form: "create", value: "3", size: 4 }),
      image: this.field("image", "image", { form: "create", value: "nginx:1.27", size: 16 }),
      cpu: this.field("cpu", "cpu request", { form: "create", placeholder: "250m", size: 6 }),
      memory: this.field("memory", "memory request", { form: "create", placeholder: "128Mi", size: 7 }),
    };
    this.tolerate = make("input", { type: "checkbox", name: "tolerate" });
    this.workloadFields = fields;
    this.forms.create = this.form("create", fields,
      make("label", { class: "cp-check cp-wide" }, this.tolerate, "tolerates the control plane's taint"),
      make("div", { class: "cp-row cp-wide" },
        this.button("Create", () => this.command("create", this.workload()), { "data-do": "create", type: "submit" }),
        this.button("Edit as YAML", () => this.toYaml(), { "data-do": "to-yaml" })));
    this.scalers = make("div", { class: "cp-list" });
    return make("div", { class: "cp-panel", role: "tabpanel", "aria-label": "New workload" },
      make("label", { class: "cp-field" }, make("span", {}, "kind"), this.kind), this.forms.create, make("hr"), this.scalers);
  }

  showKind() {
    this.workloadFields.replicas.label.hidden = this.kind.value === "Pod";
  }

  workload() {
    return { ...this.values(this.workloadFields), kind: this.kind.value, tolerate: this.tolerate.checked };
  }

  toYaml() {
    const { name, image, replicas, cpu, memory, tolerate, kind } = this.workload();
    const spec = [`containers:`, `- name: main`, `  image: ${image}`];
    if (cpu || memory) spec.push(`  resources:`, `    requests:`);
    if (cpu) spec.push(`      cpu: ${cpu}`);
    if (memory) spec.push(`      memory: ${memory}`);
    if (tolerate) spec.push(`tolerations:`, `- key: node-role.kubernetes.io/control-plane`, `  operator: Exists`, `  effect: NoSchedule`);
    const deep = (indent) => spec.map((line) => " ".repeat(indent) + line);
    const lines = kind === "Pod"
      ? [`apiVersion: v1`, `kind: Pod`, `metadata:`, `  name: ${name}`, `  labels:`, `    app: ${name}`, `spec:`, ...deep(2)]
      : [`apiVersion: apps/v1`, `kind: Deployment`, `metadata:`, `  name: ${name}`, `spec:`, `  replicas: ${replicas}`, `  selector:`, `    matchLabels:`,
        `      app: ${name}`, `  template:`, `    metadata:`, `      labels:`, `        app: ${name}`, `    spec:`, ...deep(6)];
    this.yaml.input.value = lines.join("\n") + "\n";
    this.numberLines();
    this.openPanel("YAML");
    this.yaml.input.focus();
  }

  buildYaml() {
    this.yaml = this.field("yaml", "manifest, one or more documents", { form: "apply", tag: "textarea", rows: 12, wide: true });
    this.yaml.input.setAttribute("wrap", "off");
    this.yaml.input.value = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: hello\nspec:\n  containers:\n  - name: main\n    image: nginx:1.27\n";
    this.gutter = make("pre", { class: "cp-gutter", "aria-hidden": "true" });
    const paper = make("div", { class: "cp-yaml" }, this.gutter);
    this.yaml.input.replaceWith(paper);
    paper.append(this.yaml.input);
    this.yaml.input.addEventListener("input", () => this.numberLines());
    this.yaml.input.addEventListener("scroll", () => (this.gutter.scrollTop = this.yaml.input.scrollTop));
    this.yaml.input.addEventListener("keydown", (e) => {
      if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) this.apply();
      e.stopPropagation();
    });
    this.numberLines();
    this.forms.apply = this.form("apply", { yaml: this.yaml }, this.button("Apply", () => this.apply(), { "data-do": "apply", type: "submit" }));
    return make("div", { class: "cp-panel", role: "tabpanel", "aria-label": "YAML" }, this.forms.apply);
  }

  apply() {
    this.command("apply", { yaml: this.yaml.input.value });
  }

  numberLines(wrong = 0) {
    const count = this.yaml.input.value.split("\n").length;
    this.gutter.replaceChildren(...Array.from({ length: count }, (_, at) =>
      make("span", { class: at + 1 === wrong ? "cp-wrong-line" : undefined }, `${at + 1}\n`)));
  }

  buildFaults() {
    const field = (name, words) => {
      const id = `cp-${this.serial}-fault-${name}`;
      const input = make("select", { class: "cp-input", id, name, "aria-label": words });
      const wrong = make("span", { class: "cp-wrong", id: `${id}-wrong`, role: "alert" });
      input.addEventListener("input", () => this.clearWrong(input));
      return { input, wrong, label: make("label", { class: "cp-field" }, make("span", {}, words), input, wrong) };
    };
    this.target = field("target", "process or machine");
    this.left = field("left", "cut off");
    this.right = field("right", "from");
    this.member = field("member", "disk of");
    this.oneWay = make("input", { type: "checkbox", name: "one_way" });
    const fsync = this.field("fsync_ms", "ms for each write", { form: "disk", value: "500", size: 5 });
    const strike = (command, words, title) => this.button(words, () => this.command(command, { target: this.target.input.value }), { "data-do": command, title });
    const disk = (command, words, title) => this.button(words, () => this.command(command, { member: this.member.input.value, fsync_ms: fsync.input.value }), { "data-do": command, title });
    this.clock = field("clock", "clock of");
    const by = this.field("by", "jumps by", { form: "clock", value: "+30s", size: 5 });
    const jump = () => this.command("jump_clock", { clock: this.clock.input.value, by: by.input.value });
    const script = this.field("script", "script of faults", { form: "script", tag: "textarea", rows: 3, wide: true, value: "at 5s crash etcd leader\nat 30s restart etcd leader" });
    const play = () => this.command("play_script", { script: script.input.value });
    this.forms.jump_clock = { fields: { clock: this.clock, by } };
    this.forms.play_script = { fields: { script } };
    const cut = () => this.command("partition", { left: this.left.input.value, right: this.right.input.value, one_way: this.oneWay.checked });
    const target = { target: this.target };
    for (const command of ["crash", "kill", "restart", "pause", "resume"]) this.forms[command] = { fields: target };
    this.forms.partition = { fields: { left: this.left, right: this.right } };
    for (const command of ["slow_disk", "fill_disk", "mend_disk"]) this.forms[command] = { fields: { member: this.member, fsync_ms: fsync } };
    return make("div", { class: "cp-panel", role: "tabpanel", "aria-label": "Faults" },
      make("div", { class: "cp-row" }, this.target.label),
      make("div", { class: "cp-row" },
        strike("crash", "Crash", "it ends at once and stays away"), strike("kill", "Kill", "it ends at once; its kubelet starts it again"),
        strike("restart", "Restart", "start it again"), strike("pause", "Pause", "it stands still and keeps its memory"), strike("resume", "Resume", "it goes on")),
      make("hr"),
      make("div", { class: "cp-row" }, this.left.label, this.right.label, make("label", { class: "cp-check", title: "only what is sent to it is lost" }, this.oneWay, "one way")),
      make("div", { class: "cp-row" }, this.button("Cut", cut, { "data-do": "partition", title: "no message gets through" }),
        this.button("Heal all links", () => this.command("heal"), { "data-do": "heal" })),
      make("hr"),
      make("div", { class: "cp-row" }, this.member.label, fsync.label),
      make("div", { class: "cp-row" }, disk("slow_disk", "Slow disk", "each write takes so long"), disk("fill_disk", "Fill disk", "no space left"), disk("mend_disk", "Mend disk", "fast, with room")),
      make("hr"),
      make("div", { class: "cp-row" }, this.clock.label, by.label, this.button("Jump", jump, { "data-do": "jump_clock", title: "its timestamps are wrong from now on" })),
      make("hr"),
      make("div", { class: "cp-row" }, script.label),
      make("div", { class: "cp-row" }, this.button("Play the script", play, { "data-do": "play_script", title: "let it happen now, and the minute after it" })));
  }

  showFaults(frame) {
    const all = frame.breakables || {};
    const key = JSON.stringify(all);
    if (key === this.faultsKey) return;
    this.faultsKey = key;
    const none = !(all.targets || []).length;
    if (frame.status.past) return;
    this.panelTabs.querySelector('[data-panel="Faults"]').hidden = none;
    if (none && !this.panels.Faults.hidden) this.openPanel("Nodes");
    const fill = (select, options) => {
      const chosen = select.value;
      select.replaceChildren(...options.map(([value, words]) => make("option", { value }, words)));
      if (options.some(([value]) => value === chosen)) select.value = chosen;
    };
    const plain = (names) => names.map((name) => [name, name]);
    fill(this.target.input, (all.targets || []).map(([name, state]) => [name, state === "running" ? name : `${name} (${state})`]));
    fill(this.left.input, plain(all.machines || []));
    fill(this.right.input, plain(["all others", ...(all.machines || [])]));
    fill(this.member.input, plain(all.members || []));
    fill(this.clock.input, plain((all.machines || []).filter((name) => name !== "load-balancer")));
  }

  buildSelected() {
    this.chosen = make("div", { class: "cp-chosen" });
    return make("div", { class: "cp-panel", role: "tabpanel", "aria-label": "Selected" }, this.chosen);
  }

  buildLog() {
    this.lines = make("ol", { class: "cp-log", role: "log", "aria-label": "what happened, newest first", "aria-live": "off" });
    this.filter = make("input", { class: "cp-input", type: "search", placeholder: "filter", "aria-label": "filter the log", oninput: () => this.applyFilter() });
    return make("section", { class: "cp-card", "aria-label": "log" }, make("div", { class: "cp-row cp-log-head" }, make("span", { class: "cp-head" }, "log, newest first"), this.filter), this.lines);
  }

  values(fields) {
    return Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, one.input.value]));
  }

  // -- showing -------------------------------------------------------------------------------------------------

  showTabs(frame, first) {
    const names = frame.tabs.map(([name]) => name).join(" ");
    if (first || names !== this.tabNames) {
      this.tabNames = names;
      this.tabs.replaceChildren();
      for (const [name, words] of frame.tabs) {
        this.tabs.append(make("button", { type: "button", role: "tab", "data-tab": name, onclick: () => this.send({ kind: "tab", tab: name }) }, words));
      }
    }
    for (const tab of this.tabs.children) {
      const on = tab.dataset.tab === frame.tab;
      tab.setAttribute("aria-selected", on);
      tab.tabIndex = on ? 0 : -1;
    }
  }

  tabKeys(happening) {
    this.walk(happening, this.tabs);
  }

  walk(happening, list) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[happening.key];
    if (!step) return;
    const all = [...list.children];
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    next.focus();
    next.click();
    happening.preventDefault();
    happening.stopPropagation();
  }

  showStatus(frame) {
    const { status } = frame;
    const part = (words, kind) => make("span", { class: `cp-part ${kind || ""}` }, words);
    const waiting = status.waiting ? `, ${status.waiting} without a node` : "";
    this.statusLine.replaceChildren(
      part(`time ${status.time}`), part(`revision ${status.revision}`), part(`${status.nodes} nodes`), part(`${status.pods} pods${waiting}`),
      status.past ? part("the past", "cp-is-past") : part(status.settled ? "settled" : "busy", status.settled ? "cp-is-settled" : "cp-is-busy"));
    this.slider.min = status.oldest;
    this.slider.max = status.newest;
    if (!(this.waiting && this.waiting.kind === "look")) this.slider.value = status.revision;
    this.slider.setAttribute("aria-valuetext", `revision ${status.revision} of ${status.newest}`);
    this.sliderWords.textContent = status.past ? `You are looking at revision ${status.revision} of ${status.newest}` : `now, revision ${status.newest}`;
    this.now.hidden = !status.past;
    this.root.classList.toggle("cp-in-past", status.past);
    this.controls.disabled = status.past;
    for (const name of ["step", "run", "settle", "play"]) this.root.querySelector(`[data-do=${name}]`).disabled = status.past;
    this.automatic.checked = frame.automatic;
    this.newNode.placeholder = frame.next_worker;
  }

  showNodes(frame) {
    const names = frame.nodes.map((node) => node.name).join(" ");
    if (names !== this.nodeNames) {
      const chosen = this.node.value;
      this.node.replaceChildren(...frame.nodes.map((node) => make("option", { value: node.name }, node.name)));
      if (frame.nodes.some((node) => node.name === chosen)) this.node.value = chosen;
      this.nodeNames = names;
    }
    this.showNode();
  }

  showNode() {
    const node = this.frame.nodes.find((one) => one.name === this.node.value);
    this.taintList.replaceChildren(...(node ? node.taints : []).map((taint) =>
      make("span", { class: "cp-chip" }, taint, make("button", { type: "button", "aria-label": `remove taint ${taint}`, "data-do": "untaint", title: "remove this taint",
        onclick: () => this.command("untaint", { node: node.name, taint }) }, "✕"))));
    if (!node || !node.taints.length) this.taintList.append(make("span", { class: "cp-quiet" }, "none"));
    this.cordon.textContent = node && node.cordoned ? "Uncordon" : "Cordon";
    this.cordon.dataset.do = node && node.cordoned ? "uncordon" : "cordon";
  }

  showWorkloads(frame) {
    const key = JSON.stringify(frame.workloads);
    if (key === this.workloadKey) return;
    this.workloadKey = key;
    this.scalers.replaceChildren(...frame.workloads.slice(0, 12).map((one) =>
      make("div", { class: "cp-row" },
        make("button", { type: "button", class: "cp-link", onclick: () => this.send({ kind: "select", id: one.id }) }, `deployment ${one.name}`),
        make("span", { class: "cp-quiet" }, `${one.ready}/${one.replicas} ready`),
        this.button("−", () => this.command("scale", { what: one.id, replicas: one.replicas - 1 }), { "aria-label": `scale ${one.name} down` }),
        this.button("+", () => this.command("scale", { what: one.id, replicas: one.replicas + 1 }), { "aria-label": `scale ${one.name} up` }),
        this.button("Delete", () => this.command("delete", { what: one.id }), { class: "cp-button cp-grave", "aria-label": `delete deployment ${one.name}` }))));
  }

  showSelected(frame) {
    const one = frame.selected;
    const id = one ? one.id : "";
    if (!one) {
      this.chosen.replaceChildren(make("p", { class: "cp-quiet" }, "Click on something in the picture, or on a line of the log."));
    } else {
      const key = JSON.stringify(one);
      if (key !== this.chosenKey) {
        const words = Object.fromEntries(frame.tabs);
        const scale = this.field("replicas", "replicas", { form: "scale", value: String(one.replicas), size: 4 });
        this.forms.scale = this.form("scale", { replicas: scale }, this.button("Scale", () => this.command("scale", { what: one.id, replicas: scale.input.value }), { "data-do": "scale", type: "submit" }));
        this.chosen.replaceChildren(
          make("h4", {}, one.title), make("p", {}, one.text || ""),
          make("div", { class: "cp-row" }, ...(one.tabs || []).map((tab) =>
            this.button(words[tab], () => this.send({ kind: "select", id: one.id, tab }), { "data-open": tab }))),
          one.replicas === null || one.replicas === undefined ? "" : this.forms.scale,
          one.deletable ? this.button(`Delete ${one.title}`, () => this.command("delete", { what: one.id }), { "data-do": "delete", class: "cp-button cp-grave" }) : "");
      }
      this.chosenKey = key;
    }
    if (id !== this.chosenId) {
      if (id && this.chosenId !== undefined) this.openPanel("Selected");
      if (one && one.node) this.node.value = one.node;
      this.chosenId = id;
      this.showNode();
    }
    const marked = this.picture.querySelector(".cp-selected");
    if (marked) marked.classList.remove("cp-selected");
    const group = id && this.picture.querySelector(`g[id="${CSS.escape(id)}"]`);
    if (group) group.classList.add("cp-selected");
  }

  showLog(frame) {
    const lines = frame.log;
    if (!frame.log_grows) this.lines.replaceChildren();
    this.lines.prepend(...lines.map((line) => this.logLine(line)).reverse());
    while (this.lines.childElementCount > LOG_LINES) this.lines.lastElementChild.remove();
    const selected = frame.selected ? frame.selected.id : "";
    for (const old of this.lines.querySelectorAll("[aria-current]")) old.removeAttribute("aria-current");
    const current = selected.startsWith("record/") && this.lines.querySelector(`[data-id="${selected.slice(7)}"] button`);
    if (current) current.setAttribute("aria-current", "true");
    if (this.filter.value) this.applyFilter();
  }

  logLine([id, time, actor, component, verb, subject, revision, because]) {
    const words = [
      make("span", { class: "cp-time" }, time), make("span", { class: `cp-who cp-${component}` }, actor), make("span", {}, `${verb} ${subject}`),
      revision === null ? "" : make("span", { class: "cp-rev" }, `rev ${revision}`), because ? make("span", { class: "cp-quiet" }, because) : ""];
    return make("li", { "data-id": String(id) }, make("button", { type: "button", title: "why did this happen?", onclick: () => this.send({ kind: "select", id: `record/${id}`, tab: "why" }) }, ...words));
  }

  applyFilter() {
    const wanted = this.filter.value.toLowerCase();
    for (const line of this.lines.children) line.hidden = !!wanted && !line.textContent.toLowerCase().includes(wanted);
  }

  showOutcome(frame) {
    const outcome = frame.outcome;
    for (const input of this.root.querySelectorAll("[aria-invalid]")) this.clearWrong(input);
    if (!this.playing) this.numberLines(0);
    this.live.className = `cp-outcome ${outcome ? (outcome.ok ? "cp-ok" : "cp-bad") : ""}`;
    this.live.textContent = outcome ? `${outcome.ok ? "✓" : "✕"} ${outcome.text}` : "";
    this.root.dataset.ok = outcome ? String(outcome.ok) : "";
    if (!outcome || outcome.ok) return;
    this.pause();
    const form = this.forms[outcome.command];
    const field = outcome.command === "run" ? this.duration : form && form.fields[outcome.field];
    if (outcome.command === "apply" && outcome.line) this.numberLines(outcome.line);
    if (!field) return;
    field.input.setAttribute("aria-invalid", "true");
    field.wrong.textContent = (outcome.line ? `line ${outcome.line}: ` : "") + outcome.text;
    if (outcome.line) this.scrollToLine(outcome.line);
  }

  scrollToLine(line) {
    const high = parseFloat(getComputedStyle(this.yaml.input).lineHeight) || 18;
    this.yaml.input.scrollTop = Math.max(0, (line - 4) * high);
    this.gutter.scrollTop = this.yaml.input.scrollTop;
  }

  // -- playing -------------------------------------------------------------------------------------------------

  toggle() {
    if (this.playing) this.pause();
    else this.start();
  }

  start() {
    this.playing = true;
    this.play.textContent = "❚❚ Pause";
    this.play.setAttribute("aria-pressed", "true");
    this.command("tick");
  }

  beat() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.playing && this.command("tick"), +this.speed.value);
  }

  pause() {
    this.playing = false;
    clearTimeout(this.timer);
    this.play.textContent = "▶ Play";
    this.play.setAttribute("aria-pressed", "false");
  }
}

export default { render };
