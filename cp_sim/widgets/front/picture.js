// One picture: shows each frame, tells Python which element was clicked, shows its sentence and its numbers below.

function render({ model, el }) {
  const host = make("div", { role: "group" });
  const words = make("div", { class: "cp-sentence", role: "status" });
  const twin = make("pre");
  const numbers = new Numbers();
  const root = make("div", { class: "cp-sim cp-single" }, host, words, numbers.root, make("details", { class: "cp-twin" }, make("summary", {}, "as text"), twin));
  el.append(root);
  const stop = followTheme(root);
  livingPicture(host, (id, sentence, clicked) => {
    words.textContent = sentence;
    if (clicked) {
      numbers.clicked(id);
      model.set("clicked", id);
      model.save_changes();
    }
  });
  const update = () => {
    const frame = model.get("frame");
    if (!frame || !frame.svg) return;
    host.setAttribute("aria-label", frame.title);
    morph(host, frame.svg);
    twin.textContent = frame.text;
    numbers.take(frame.panels);
    root.dataset.seq = frame.seq;
  };
  model.on("change:frame", update);
  update();
  return () => {
    stop();
    model.off("change:frame", update);
  };
}

export default { render };
