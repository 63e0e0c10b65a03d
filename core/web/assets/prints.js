/* Old prints: what is wrong with one, each step to be taken and undone, and the mask of marks with its brush. */
autochrome.prints = (() => {
  let tool;
  let mask; // a canvas over the picture
  let hands; // what photo.js lends: call, again
  let found = [];
  let asked = {};
  let strokes = []; // not yet applied
  let picture = null; // the mask as the server has it
  let stroke = null;
  const fresh = () => ({ restore: "auto", picture: "", strokes: [] });
  const part = (name) => tool.querySelector(`[data-part=${name}]`);
  const list = (steps) => steps.split(",").filter(Boolean);

  function change(wish) {
    asked = { ...asked, ...wish };
    close();
    hands.again();
  }
  /* The picture is mended by a step, or no longer. */
  function mend(step) {
    const steps = list(asked.picture);
    change({ picture: (steps.includes(step) ? steps.filter((each) => each !== step) : [...steps, step]).join(",") });
  }
  /* A step that the model's eyes had is left out, or taken again. */
  function leave({ step, done }) {
    const steps = found.filter((each) => each.done && each.step !== step).map((each) => each.step);
    if (!done) steps.push(step);
    const left = found.some((each) => (each.step === step ? done : !each.done && each.sure));
    const picture = list(asked.picture).filter((each) => each !== step).join(",");
    change({ restore: left ? steps.join(",") || "none" : "auto", picture });
  }

  function row(each) {
    const item = document.createElement("li");
    item.dataset.step = each.step;
    item.innerHTML = '<span></span><button type="button" data-part="mend"></button><button type="button" data-part="leave"></button>';
    const [words, button, other] = item.children;
    const step = each.step === "frame" ? "crop" : each.step; // the model sees no border, the picture loses it
    autochrome.tell(words, `prints.${each.step}`);
    button.hidden = !(`prints.${step}.do` in autochrome.texts.say);
    if (!button.hidden) autochrome.tell(button, `prints.${step}.do`);
    button.setAttribute("aria-pressed", String(list(asked.picture).includes(step)));
    button.addEventListener("click", () => mend(step));
    autochrome.tell(other, each.done ? "prints.leave" : "prints.take");
    other.hidden = ["crop", "straighten"].includes(each.step) || (!each.done && !each.sure);
    other.addEventListener("click", () => leave(each));
    return item;
  }
  function show(facts) {
    if (!tool) return;
    close();
    asked = { ...fresh(), ...facts?.asked };
    found = facts?.found ?? [];
    const framed = found.some((each) => each.step === "frame");
    const shown = found.filter((each) => !(framed && each.step === "crop"));
    part("chips").replaceChildren(...shown.map(row));
    part("why").hidden = !shown.some((each) => each.done);
    part("see").hidden = false;
    part("faces").checked = list(asked.picture).includes("faces");
    autochrome.tell(part("see"), facts?.marks || asked.strokes.length ? "prints.mask" : "prints.paint");
    tool.hidden = !facts;
  }

  async function open() {
    const answer = await autochrome.busy(part("see"), hands.call("show_mask"));
    if (!answer?.mask) return;
    picture = new Image();
    picture.src = answer.mask;
    await picture.decode();
    autochrome.hints.close(); // one tool at a time has the picture
    Object.assign(mask, { width: picture.naturalWidth, height: picture.naturalHeight, hidden: false });
    mask.classList.add("open");
    part("bar").hidden = false;
    part("see").hidden = true;
    draw();
    mask.scrollIntoView({ block: "nearest" });
  }
  function close() {
    strokes = [];
    stroke = null;
    mask.hidden = true;
    mask.classList.remove("open");
    part("bar").hidden = true;
    part("see").hidden = false;
  }
  function draw() {
    const pen = mask.getContext("2d");
    pen.globalCompositeOperation = "source-over";
    pen.clearRect(0, 0, mask.width, mask.height);
    pen.drawImage(picture, 0, 0);
    for (const each of stroke ? [...strokes, stroke] : strokes) {
      pen.globalCompositeOperation = each.erase ? "destination-out" : "source-over";
      pen.lineWidth = Math.max(each.width * Math.max(mask.width, mask.height), 1);
      pen.lineCap = pen.lineJoin = "round";
      pen.beginPath();
      each.points.forEach(([x, y]) => pen.lineTo(x * mask.width, y * mask.height));
      if (each.points.length === 1) pen.lineTo(each.points[0][0] * mask.width + 0.01, each.points[0][1] * mask.height);
      pen.stroke();
    }
    pen.globalCompositeOperation = "source-in";
    pen.fillStyle = "#e0301e";
    pen.fillRect(0, 0, mask.width, mask.height);
    part("undo").disabled = !strokes.length;
    part("clear").disabled = !strokes.length && !asked.strokes.length;
  }
  const share = (value) => Number(Math.min(Math.max(value, 0), 1).toFixed(4));
  function at(event) {
    const box = mask.getBoundingClientRect();
    return [share((event.clientX - box.x) / box.width), share((event.clientY - box.y) / box.height)];
  }
  function brush() {
    mask.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      stroke = { points: [at(event)], width: part("size").value / 1000, erase: part("erase").checked };
      mask.setPointerCapture(event.pointerId);
      draw();
    });
    mask.addEventListener("pointermove", (event) => {
      if (!stroke || stroke.points.length >= 400) return;
      stroke.points.push(at(event));
      draw();
    });
    const end = () => {
      if (stroke) strokes.push(stroke);
      stroke = null;
      if (picture) draw();
    };
    mask.addEventListener("pointerup", end);
    mask.addEventListener("pointercancel", end);
  }

  return {
    begin(element, view, given) {
      [tool, mask, hands] = [element, view.frame.querySelector("#mask"), given];
      brush();
      part("see").addEventListener("click", open);
      part("undo").addEventListener("click", () => {
        strokes.pop();
        draw();
      });
      part("clear").addEventListener("click", () => (asked.strokes.length ? change({ strokes: [] }) : ((strokes = []), draw())));
      part("cancel").addEventListener("click", close);
      part("apply").addEventListener("click", () => {
        const steps = list(asked.picture).filter((each) => !["marks", "faces"].includes(each));
        steps.push("marks", ...(part("faces").checked ? ["faces"] : []));
        change({ picture: steps.join(","), strokes: [...asked.strokes, ...strokes] });
      });
      show(null);
    },
    show,
    close,
    /* What is asked for, for the photograph before us. */
    wish: () => asked,
  };
})();
