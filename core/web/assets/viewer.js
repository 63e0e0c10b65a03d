/* The photograph before and after, and another version of it where there is one: a divider, side by side, zoom, and the parts looked at in full resolution. */
autochrome.viewer = (root, { part }) => {
  const frame = root.querySelector(".frame");
  const panes = [...root.querySelectorAll(".pane")];
  const layers = panes.map((pane) => pane.querySelector(".layer"));
  const [before, after, theirs] = layers.map((layer) => layer.querySelector("img"));
  const handle = root.querySelector(".handle");
  const tool = (name) => root.querySelector(`[data-do=${name}]`);
  let photo = null; // { width, height }: the photograph's own pixels
  let share = 0.5; // of the frame that shows the photograph as it was
  let zoom = 1; // 1: the whole photograph fits
  let opened = 1; // what it was at first: more for a sliver
  let centre = [0.5, 0.5]; // of the photograph, in the middle of the pane
  let pair = false;
  let tiles = 0; // number of the latest part asked for
  let timer = 0;

  const columns = () => (!pair ? 1 : frame.classList.contains("three") ? 3 : 2);
  const pane = () => ({ width: frame.clientWidth / columns(), height: frame.clientHeight });
  const fit = () => Math.min(pane().width / photo.width, pane().height / photo.height);
  const scale = () => fit() * zoom;
  const most = () => Math.max(4, 3 / fit());

  function lay() {
    if (!photo) return;
    const full = root.classList.contains("fullscreen");
    const tallest = full ? root.clientHeight - 52 : Math.max(300, Math.min(window.innerHeight - 250, window.innerHeight * 0.7));
    const wide = pane().width;
    const height = Math.min(tallest, Math.max(260, (wide * photo.height) / photo.width));
    frame.style.height = `${Math.round(height)}px`;
    const [width, tall] = [photo.width * scale(), photo.height * scale()];
    centre = centre.map((value, axis) => {
      const half = (axis ? pane().height / tall : pane().width / width) / 2;
      return half >= 0.5 ? 0.5 : Math.min(Math.max(value, half), 1 - half);
    });
    const left = pane().width / 2 - centre[0] * width;
    const top = pane().height / 2 - centre[1] * tall;
    for (const layer of layers) {
      Object.assign(layer.style, { width: `${width}px`, height: `${tall}px`, left: `${left}px`, top: `${top}px` });
    }
    frame.classList.toggle("zoomed", width > pane().width + 1 || tall > pane().height + 1);
    frame.classList.toggle("pair", pair);
    // The divider moves over what is seen of the photograph.
    const [from, to] = [Math.max(left, 0), Math.min(left + width, pane().width)];
    const at = from + share * (to - from);
    panes[1].style.clipPath = pair ? "none" : `inset(0px 0px 0px ${at.toFixed(1)}px)`;
    handle.style.left = `${at}px`;
    handle.setAttribute("aria-valuenow", Math.round(share * 100));
    tool("actual").textContent = `${Math.round(scale() * 100 * devicePixelRatio)} %`;
    tool("fit").disabled = zoom === 1;
    clearTimeout(timer);
    timer = setTimeout(look, 250);
  }

  /* The part that is seen, in the photograph's own pixels, where that shows more than the preview does. */
  async function look() {
    if (!photo) return;
    const seen = scale() * devicePixelRatio;
    if (!photo.parts || seen * photo.width <= after.naturalWidth * 1.15 || after.naturalWidth >= photo.width) return clearTiles();
    const width = Math.min(photo.width, Math.ceil(pane().width / scale()) + 2);
    const height = Math.min(photo.height, Math.ceil(pane().height / scale()) + 2);
    const place = (middle, size, all) => Math.round(Math.min(Math.max(middle * all - size / 2, 0), all - size));
    const region = { left: place(centre[0], width, photo.width), top: place(centre[1], height, photo.height), width, height };
    const number = ++tiles;
    const answer = await part({ ...region, shown: Math.round(width * Math.min(1, seen)) });
    if (number !== tiles || !answer) return;
    layers.slice(0, 2).forEach((layer, index) => {
      const tile = layer.querySelector(".tile") ?? document.createElement("img");
      tile.className = "tile";
      tile.alt = "";
      tile.src = index ? answer.after : answer.before;
      Object.assign(tile.style, {
        left: `${(100 * region.left) / photo.width}%`,
        top: `${(100 * region.top) / photo.height}%`,
        width: `${(100 * width) / photo.width}%`,
        height: `${(100 * height) / photo.height}%`,
      });
      layer.querySelector("img").after(tile);
    });
  }
  /* A picture that came as text, shown from a short address. */
  function put(image, address) {
    if (!address) return;
    const bytes = Uint8Array.from(atob(address.slice(address.indexOf(",") + 1)), (each) => each.charCodeAt(0));
    const former = image.src;
    image.src = URL.createObjectURL(new Blob([bytes], { type: address.slice(5, address.indexOf(";")) }));
    if (former) URL.revokeObjectURL(former);
  }
  function clearTiles() {
    tiles++;
    for (const tile of root.querySelectorAll(".tile")) tile.remove();
  }

  function zoomTo(wanted, x = pane().width / 2, y = pane().height / 2) {
    if (!photo) return;
    const old = scale();
    zoom = Math.min(Math.max(wanted, 1), most());
    // What lies under the pointer stays there.
    const shift = (at, size, all, middle) => middle + ((at - size / 2) * (1 / old - 1 / scale())) / all;
    centre = [shift(x, pane().width, photo.width, centre[0]), shift(y, pane().height, photo.height, centre[1])];
    lay();
  }
  const within = (event) => {
    const box = frame.getBoundingClientRect();
    return [(event.clientX - box.x) % pane().width, event.clientY - box.y];
  };
  function divide(x) {
    const box = frame.getBoundingClientRect();
    const layer = layers[0].getBoundingClientRect();
    const [from, to] = [Math.max(layer.left, box.left), Math.min(layer.right, box.right)];
    share = Math.min(Math.max((x - from) / (to - from), 0), 1);
    lay();
  }

  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !root.classList.contains("fullscreen")) return; // the page scrolls
    event.preventDefault();
    zoomTo(zoom * Math.exp(-event.deltaY / 400), ...within(event));
  }, { passive: false });

  /* One finger or the mouse: the divider, or the photograph where it is zoomed. Two fingers: zoom. */
  const fingers = new Map();
  frame.addEventListener("pointerdown", (event) => {
    if (event.button || event.target.closest("#marks.open, #mask.open")) return;
    if (event.target.closest(".handle") || !frame.classList.contains("zoomed")) {
      if (pair) return;
      if (event.pointerType !== "mouse" && !event.target.closest(".handle")) return; // a finger scrolls the page
      handle.setPointerCapture(event.pointerId);
      handle.focus({ preventScroll: true });
      event.preventDefault();
      if (!event.target.closest(".handle")) divide(event.clientX);
      return;
    }
    frame.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event);
  });
  handle.addEventListener("pointermove", (event) => handle.hasPointerCapture(event.pointerId) && divide(event.clientX));
  frame.addEventListener("pointermove", (event) => {
    const former = fingers.get(event.pointerId);
    if (!former) return;
    const others = [...fingers.values()].filter((each) => each.pointerId !== event.pointerId);
    if (others.length) {
      const apart = (one) => Math.hypot(one.clientX - others[0].clientX, one.clientY - others[0].clientY);
      zoomTo((zoom * apart(event)) / Math.max(apart(former), 1), ...within(event));
    } else {
      centre = [
        centre[0] - (event.clientX - former.clientX) / (photo.width * scale()),
        centre[1] - (event.clientY - former.clientY) / (photo.height * scale()),
      ];
      lay();
    }
    fingers.set(event.pointerId, event);
  });
  for (const name of ["pointerup", "pointercancel"]) frame.addEventListener(name, (event) => fingers.delete(event.pointerId));
  frame.addEventListener("dblclick", (event) => {
    if (!frame.querySelector("#marks.open, #mask.open")) zoomTo(zoom > 1 ? 1 : Math.max(2, 1 / fit()), ...within(event));
  });
  handle.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!steps) return;
    event.preventDefault();
    share = Math.min(Math.max(share + steps / 20, 0), 1);
    lay();
  });

  const doing = {
    in: () => zoomTo(zoom * 1.5),
    out: () => zoomTo(zoom / 1.5),
    actual: () => zoomTo(1 / (fit() * devicePixelRatio)),
    fit: () => zoomTo(1),
    pair() {
      pair = !pair;
      tool("pair").setAttribute("aria-pressed", pair);
      lay();
    },
    full() {
      if (document.fullscreenElement) return document.exitFullscreen();
      return root.requestFullscreen();
    },
    hold: (on) => frame.classList.toggle("holding", on),
    see: (on) => frame.classList.toggle("seeing", on && frame.classList.contains("three")),
  };
  for (const name of ["in", "out", "actual", "fit", "pair", "full"]) tool(name).addEventListener("click", doing[name]);
  for (const name of ["hold", "see"]) {
    const button = tool(name);
    button.addEventListener("pointerdown", () => doing[name](true));
    for (const end of ["pointerup", "pointerleave", "pointercancel", "blur", "keyup"]) button.addEventListener(end, () => doing[name](false));
    button.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && doing[name](true));
  }
  document.addEventListener("fullscreenchange", () => {
    root.classList.toggle("fullscreen", document.fullscreenElement === root);
    lay();
  });
  new ResizeObserver(lay).observe(frame);
  window.addEventListener("resize", lay);

  return {
    doing,
    frame,
    /* Another photograph: seen whole, unless that would be a sliver. */
    open(size, ready) {
      photo = size;
      [share, zoom, centre] = [0.5, 1, [0.5, 0.5]];
      clearTiles();
      before.removeAttribute("src");
      after.removeAttribute("src");
      requestAnimationFrame(() => {
        if (photo !== size) return; // closed, or another has come
        lay();
        const thin = Math.min(photo.width, photo.height) * fit();
        const cover = Math.max(pane().width / photo.width, pane().height / photo.height) / fit();
        if (thin < 200) zoomTo(Math.min(cover, 260 / thin));
        opened = zoom;
        ready();
      });
    },
    show(pictures) {
      put(before, pictures.before);
      put(after, pictures.after);
      if (pictures.before) {
        put(theirs, pictures.theirs);
        tool("see").hidden = !pictures.theirs;
        frame.classList.toggle("three", Boolean(pictures.theirs));
      }
      clearTiles();
      lay();
    },
    close() {
      photo = null;
      clearTiles();
      before.removeAttribute("src");
      after.removeAttribute("src");
    },
    /* Pixels that the preview should have: those of the screen that it takes. */
    pixels() {
      if (!photo) return 0;
      const { width, height } = pane();
      const seen = Math.min(width / photo.width, height / photo.height) * Math.min(devicePixelRatio, 2) * opened;
      return Math.round(photo.width * seen * photo.height * seen);
    },
  };
};
