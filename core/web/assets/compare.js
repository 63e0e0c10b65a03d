/* Pictures of one photograph side by side: what is looked at more closely in one is so in all. */
autochrome.compare = (element) => {
  const tools = document.querySelector("#compare-tools .tools");
  let zoom = 1;
  let place = [0, 0]; // of the photograph, what lies in a window's upper left corner; shares of its sides
  const windows = () => element.querySelectorAll(".window");

  function lay() {
    place = place.map((share) => Math.min(Math.max(share, 0), 1 - 1 / zoom));
    const [x, y] = place.map((share) => `${(-100 * share).toFixed(3)}%`);
    element.style.setProperty("--closer", `scale(${zoom}) translate(${x}, ${y})`);
    element.classList.toggle("zoomed", zoom > 1);
    tools.hidden = !windows().length;
    tools.querySelector("[data-zoom=fit]").disabled = zoom === 1;
  }
  /* What lies under a place of the window stays there. */
  function zoomTo(wanted, at = [0.5, 0.5]) {
    const next = Math.min(Math.max(wanted, 1), 8);
    place = place.map((share, axis) => share + at[axis] / zoom - at[axis] / next);
    zoom = next;
    lay();
  }
  const within = (event, box) => [(event.clientX - box.x) / box.width, (event.clientY - box.y) / box.height];

  element.addEventListener("wheel", (event) => {
    const box = event.ctrlKey && event.target.closest(".window")?.getBoundingClientRect();
    if (!box) return; // the page scrolls
    event.preventDefault();
    zoomTo(zoom * Math.exp(-event.deltaY / 400), within(event, box));
  }, { passive: false });
  element.addEventListener("dblclick", (event) => {
    const box = event.target.closest(".window")?.getBoundingClientRect();
    if (box) zoomTo(zoom > 1 ? 1 : 3, within(event, box));
  });
  const fingers = new Map();
  element.addEventListener("pointerdown", (event) => {
    const pane = event.target.closest(".window");
    if (!pane || event.button || zoom === 1) return;
    pane.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event);
  });
  element.addEventListener("pointermove", (event) => {
    const former = fingers.get(event.pointerId);
    const box = former && event.target.closest(".window")?.getBoundingClientRect();
    if (!box) return;
    const other = [...fingers.values()].find((each) => each.pointerId !== event.pointerId);
    if (other) {
      const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      zoomTo((zoom * apart(event)) / Math.max(apart(former), 1), within(event, box));
    } else {
      place = [place[0] - (event.clientX - former.clientX) / box.width / zoom, place[1] - (event.clientY - former.clientY) / box.height / zoom];
      lay();
    }
    fingers.set(event.pointerId, event);
  });
  for (const name of ["pointerup", "pointercancel"]) element.addEventListener(name, (event) => fingers.delete(event.pointerId));
  tools.addEventListener("click", (event) => {
    const step = { in: 1.5, out: 1 / 1.5, fit: 0 }[event.target.dataset.zoom];
    if (step !== undefined) zoomTo(zoom * step);
  });
  new MutationObserver(lay).observe(element, { childList: true, subtree: true });
  lay();
};
