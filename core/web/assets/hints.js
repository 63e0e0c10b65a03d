/* Known colours: a person chooses a colour and says where on the picture it belongs. They are part of the look. */
autochrome.hints = (() => {
  let tool;
  let sheet;
  let adding = false;
  let dragging = false; // a colour's field is open
  let reach; // of a hint: what it would touch, as a mask's address
  let shade; // shows it on the picture
  let asked = 0; // number of the latest place that was asked about
  let resting = 0; // timer until the pointer rests
  let aimed = null; // where it was last, or where a hint was put
  const { look, say, tell } = autochrome;
  const part = (name) => tool.querySelector(`[data-part=${name}]`);

  const hints = () => look.get().hints;
  const percent = (share) => Math.round(share * 100);
  const words = (hint) =>
    say(hint.keep ? "hints.kept" : "hints.words", { color: hint.color ?? "", across: percent(hint.x), down: percent(hint.y) });

  function change(list, told, hint) {
    dragging = false;
    look.put({ hints: list });
    part("told").textContent = told ? say(told, { hint: hint ? words(hint) : "" }) : "";
  }
  const place = (share) => Number(Math.min(Math.max(share, 0), 1).toFixed(4));
  /* A spot, or a stroke through more points; how it is to be taken is what the tool's fields say. */
  function made(x, y, stroke = []) {
    const hint = { x: place(x), y: place(y), color: part("ink").querySelector("input").value };
    if (part("keep").checked) {
      hint.keep = true;
      delete hint.color;
    }
    if (part("reach").value < 100) hint.radius = part("reach").value / 100;
    if (stroke.length) Object.assign(hint, { stroke: stroke.map(([right, below]) => [place(right), place(below)]), width: 0.015 });
    return hint;
  }
  function put(x, y, stroke) {
    const hint = made(x, y, stroke);
    unshade();
    aimed = [x, y];
    change([...hints(), hint], "hints.added", hint);
  }

  /* Before a colour is put: what it would touch, once the pointer rests. */
  function foresee(x, y, wait = 140) {
    unshade();
    aimed = [x, y];
    const number = asked;
    resting = setTimeout(async () => {
      const hint = made(x, y);
      const mask = await reach(hint);
      if (!mask || number !== asked || !adding) return;
      shade.style.setProperty("--mask", `url(${mask})`);
      shade.style.setProperty("--ink", hint.color ?? "#fff");
      shade.classList.toggle("keeps", Boolean(hint.keep));
      shade.hidden = false;
    }, wait);
  }
  function unshade() {
    asked++;
    clearTimeout(resting);
    shade.hidden = true;
  }
  function recolour(index, color) {
    dragging = true;
    look.set({ hints: hints().map((hint, at) => (at === index ? { ...hint, color } : hint)) });
  }
  function remove(index) {
    change(hints().filter((_, at) => at !== index), "hints.removed", hints()[index]);
    (part("list").children[Math.min(index, hints().length - 1)]?.querySelector("button") ?? part("add")).focus();
  }
  function setAdding(on) {
    if (on) autochrome.prints.close(); // one tool at a time has the picture
    adding = on;
    aimed = null;
    unshade();
    show();
    if (on) sheet.scrollIntoView({ block: "nearest" });
  }

  function row() {
    const item = document.createElement("li");
    item.innerHTML = '<input type="color"><span></span><button type="button">×</button>';
    const index = () => [...part("list").children].indexOf(item);
    const colour = item.querySelector("input");
    colour.addEventListener("input", () => recolour(index(), colour.value));
    colour.addEventListener("change", () => {
      dragging = false;
      look.settle();
    });
    item.querySelector("button").addEventListener("click", () => remove(index()));
    return item;
  }
  function mark(x, y, name) {
    const spot = document.createElement("span");
    spot.className = name;
    Object.assign(spot.style, { left: `${x * 100}%`, top: `${y * 100}%` });
    sheet.append(spot);
    return spot;
  }
  function aim(x, y) {
    sheet.querySelector(".aim")?.remove();
    if (x >= 0 && y >= 0) mark(x, y, "aim");
  }
  function show() {
    if (!tool) return;
    const list = part("list");
    while (list.children.length > hints().length) list.lastChild.remove();
    while (list.children.length < hints().length) list.append(row());
    hints().forEach((hint, at) => {
      const [colour, text, button] = list.children[at].children;
      colour.hidden = Boolean(hint.keep);
      if (!dragging && hint.color) colour.value = hint.color;
      colour.setAttribute("aria-label", say("hints.colour.at", { number: at + 1, hint: words(hint) }));
      text.textContent = at + 1;
      button.setAttribute("aria-label", say("hints.remove", { number: at + 1 }));
    });
    list.hidden = !hints().length;
    tell(part("add"), adding ? "hints.done" : "hints.add");
    part("ink").hidden = part("how").hidden = part("place").hidden = part("palette").hidden = !adding;
    part("edit").hidden = !hints().length && !adding;
    part("clear").disabled = !hints().length;
    part("why").hidden = adding || Boolean(hints().length);
    sheet.parentElement.classList.toggle("open", adding);
    sheet.replaceChildren();
    hints().forEach((hint, at) => {
      const spot = mark(hint.x, hint.y, "spot");
      spot.style.background = hint.color ?? "transparent";
      spot.dataset.number = at + 1;
      for (const [right, below] of hint.stroke ?? []) mark(right, below, "dot").style.background = hint.color ?? "#fff";
    });
  }

  return {
    begin(element, view, server) {
      tool = element;
      reach = server.reach;
      shade = view.frame.querySelector(".reach");
      sheet = view.frame.querySelector("#marks > div");
      let stroke = null; // points from where the brush came down
      const at = (event) => {
        const box = sheet.getBoundingClientRect();
        return [(event.clientX - box.x) / box.width, (event.clientY - box.y) / box.height];
      };
      sheet.addEventListener("pointerdown", (event) => {
        if (event.button || event.pointerType === "touch") return; // a finger puts spots, and moves the page
        stroke = [at(event)];
        unshade();
        sheet.setPointerCapture(event.pointerId);
      });
      sheet.addEventListener("pointermove", (event) => {
        const [x, y] = at(event);
        if (!stroke && event.pointerType !== "touch") return foresee(x, y);
        const last = stroke?.at(-1);
        if (!last || stroke.length > 200 || Math.hypot(x - last[0], y - last[1]) < 0.012) return;
        stroke.push([x, y]);
        mark(x, y, "dot").style.background = part("ink").querySelector("input").value;
      });
      sheet.addEventListener("pointercancel", () => (stroke = null));
      sheet.addEventListener("pointerleave", unshade);
      part("reach").addEventListener("input", () => foresee(...(aimed ?? [0.5, 0.5])));
      sheet.addEventListener("click", (event) => {
        const [first, ...rest] = stroke ?? [at(event)];
        stroke = null;
        put(...first, rest);
      });
      tool.addEventListener("click", (event) => {
        const swatch = event.target.closest("[data-color]");
        if (swatch) part("ink").querySelector("input").value = swatch.dataset.color;
      });
      if (window.EyeDropper) {
        part("pick").hidden = false;
        part("pick").addEventListener("click", async () => {
          const picked = await new EyeDropper().open().catch(() => null);
          if (picked) part("ink").querySelector("input").value = picked.sRGBHex;
        });
      }
      part("add").addEventListener("click", () => setAdding(!adding));
      part("clear").addEventListener("click", () => {
        change([], "hints.cleared");
        part("add").focus();
      });
      const pointed = (place) => {
        aim(...(place ?? []));
        if (place) foresee(...place);
        else unshade();
      };
      autochrome.place(part, { aim: pointed, put });
      tool.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || !adding) return;
        setAdding(false);
        part("add").focus();
      });
      show();
    },
    show,
    close: () => tool && setAdding(false),
  };
})();
