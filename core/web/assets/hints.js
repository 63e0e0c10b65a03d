/* Known colours: a person chooses a colour and says where on the picture it belongs. hints_field.py has the HTML. */
autochrome.hints = (tool, props, trigger, watch) => {
  const part = (name) => tool.querySelector(`[data-part=${name}]`);
  const [add, ink, across, down] = [part("add"), part("ink"), part("across"), part("down")];
  const sheet = autochrome.sheet(tool, (x, y) => put(x, y));
  let past = []; // former lists, the latest last
  let adding = false;
  let dragging = false; // a colour's field is open, and what it had before is among the past

  const hints = () => props.value ?? [];
  const percent = (share) => Math.round(share * 100);
  const words = (hint) => `${hint.color}, ${percent(hint.x)}% across, ${percent(hint.y)}% down`;

  function give(list, told = "") {
    props.value = list;
    trigger("input");
    show();
    part("told").textContent = told;
  }
  function change(list, told) {
    past.push(hints());
    give(list, told);
  }
  function put(x, y) {
    const place = (share) => Number(Math.min(Math.max(share, 0), 1).toFixed(4));
    const hint = { x: place(x), y: place(y), color: ink.querySelector("input").value };
    change([...hints(), hint], `Added ${words(hint)}.`);
  }
  function recolour(index, color) {
    const list = hints().map((hint, at) => (at === index ? { ...hint, color } : hint));
    if (dragging) give(list);
    else change(list);
    dragging = true;
  }
  function remove(index) {
    change(hints().filter((_, at) => at !== index), `Removed ${words(hints()[index])}.`);
    (part("list").children[Math.min(index, hints().length - 1)]?.querySelector("button") ?? add).focus();
  }
  function undo() {
    give(past.pop(), "Undone.");
    if (!past.length) add.focus();
  }
  function clear() {
    change([], "All colours removed.");
    part("undo").focus();
  }
  function setAdding(on) {
    adding = on;
    show();
    if (on) sheet.scroll();
  }

  function row() {
    const item = document.createElement("li");
    item.innerHTML = '<input type="color"><span></span><button type="button">×</button>';
    const index = () => [...part("list").children].indexOf(item);
    const colour = item.querySelector("input");
    colour.addEventListener("input", () => recolour(index(), colour.value));
    colour.addEventListener("change", () => (dragging = false));
    item.querySelector("button").addEventListener("click", () => remove(index()));
    return item;
  }
  function show() {
    const list = part("list");
    while (list.children.length > hints().length) list.lastChild.remove();
    while (list.children.length < hints().length) list.append(row());
    hints().forEach((hint, at) => {
      const [colour, text, button] = list.children[at].children;
      colour.value = hint.color;
      colour.setAttribute("aria-label", `Colour ${at + 1}: ${words(hint)}`);
      text.textContent = at + 1;
      button.setAttribute("aria-label", `Remove colour ${at + 1}`);
    });
    list.hidden = !hints().length;
    add.textContent = adding ? "Done" : "Add a colour";
    ink.hidden = part("how").hidden = part("place").hidden = !adding;
    part("edit").hidden = !hints().length && !past.length;
    part("why").hidden = adding || !part("edit").hidden;
    part("undo").disabled = !past.length;
    part("clear").disabled = !hints().length;
    sheet.show(hints(), adding);
  }

  add.addEventListener("click", () => setAdding(!adding));
  part("undo").addEventListener("click", undo);
  part("clear").addEventListener("click", clear);
  part("put").addEventListener("click", () => put(across.value / 100, down.value / 100));
  for (const field of [across, down]) {
    const aim = () => sheet.aim(across.value / 100, down.value / 100);
    field.addEventListener("focus", aim);
    field.addEventListener("input", aim);
    field.addEventListener("blur", () => sheet.aim());
    field.addEventListener("keydown", (event) => event.key === "Enter" && part("put").click());
  }
  tool.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !adding) return;
    setAdding(false);
    add.focus();
  });
  watch("value", show);
  watch("photo", () => {
    past = [];
    setAdding(false);
  });
  show();
};

/* A sheet over the picture in the slider, just as large, on which the hints are marked and which can be clicked. */
autochrome.sheet = (tool, clicked) => {
  const stage = tool.closest("#stage");
  const cover = document.createElement("div");
  cover.id = "marks";
  cover.innerHTML = "<div></div>";
  const [sheet] = cover.children;

  /* The slider draws the picture with object-fit: contain, and zooms it with a transform. */
  function lay() {
    if (!tool.isConnected) return leave();
    const picture = stage.querySelector("#slider img.fixed");
    if (!picture?.naturalWidth) return;
    const slider = picture.closest("#slider");
    if (cover.parentElement !== slider) slider.append(cover);
    sizes.observe(picture);
    const [box, frame] = [picture.getBoundingClientRect(), cover.getBoundingClientRect()];
    const scale = Math.min(box.width / picture.naturalWidth, box.height / picture.naturalHeight);
    const [width, height] = [picture.naturalWidth * scale, picture.naturalHeight * scale];
    Object.assign(sheet.style, {
      left: `${box.x - frame.x + (box.width - width) / 2}px`,
      top: `${box.y - frame.y + (box.height - height) / 2}px`,
      width: `${width}px`,
      height: `${height}px`,
    });
  }
  function leave() {
    changes.disconnect();
    sizes.disconnect();
    stage.removeEventListener("load", lay, true);
    cover.remove();
  }
  const sizes = new ResizeObserver(lay);
  const changes = new MutationObserver((records) => {
    if (records.some((record) => !cover.contains(record.target))) lay();
  });
  changes.observe(stage, { childList: true, subtree: true, attributes: true, attributeFilter: ["style", "src"] });
  stage.addEventListener("load", lay, true);

  sheet.addEventListener("click", (event) => {
    const box = sheet.getBoundingClientRect();
    clicked((event.clientX - box.x) / box.width, (event.clientY - box.y) / box.height);
  });
  function mark(x, y, name) {
    const spot = document.createElement("span");
    spot.className = name;
    Object.assign(spot.style, { left: `${x * 100}%`, top: `${y * 100}%` });
    sheet.append(spot);
    return spot;
  }
  return {
    show(hints, open) {
      lay();
      cover.classList.toggle("open", open);
      sheet.replaceChildren();
      hints.forEach((hint, at) => {
        const spot = mark(hint.x, hint.y, "spot");
        spot.style.background = hint.color;
        spot.dataset.number = at + 1;
      });
    },
    aim(x, y) {
      sheet.querySelector(".aim")?.remove();
      if (x >= 0 && y >= 0) mark(x, y, "aim");
    },
    scroll() {
      cover.scrollIntoView({ block: "nearest" });
    },
  };
};
