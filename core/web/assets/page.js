/* What the page needs of its own: a download when it is ready, paste and drop anywhere, a slider for all. */
window.autochrome = {
  download(file) {
    if (!file) return;
    const link = document.createElement("a");
    link.href = file.url;
    link.download = file.orig_name;
    document.body.append(link);
    link.click();
    link.remove();
  },

  /* Give files to the field on the tab that is open, wherever on the page they came from. */
  offer(files) {
    const panel = [...document.querySelectorAll("[role=tabpanel]")].find((each) => each.checkVisibility());
    const field = panel?.querySelector(".takes input[type=file]");
    if (!field || !files.length) return false;
    const carrier = new DataTransfer();
    for (const file of field.multiple ? files : [files[0]]) carrier.items.add(file);
    field.files = carrier.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  },
};

document.addEventListener("paste", (event) => {
  if (event.clipboardData && autochrome.offer(event.clipboardData.files)) event.preventDefault();
});
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  if (!event.defaultPrevented && event.dataTransfer && autochrome.offer(event.dataTransfer.files)) event.preventDefault();
});

/* Gradio's slider takes every wheel turn and touch for zooming, so that the page cannot be scrolled over it. */
function scrolls(event) {
  const slider = event.target.closest?.("#slider");
  if (!slider || event.target.closest("[data-testid=slider]")) return false;
  return slider.querySelector("img")?.style.transform.includes("scale(1)");
}
window.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && scrolls(event)) event.stopPropagation();
}, { capture: true });
window.addEventListener("touchstart", (event) => {
  if (event.touches.length === 1 && scrolls(event)) event.stopPropagation();
}, { capture: true });

/* Nor can Gradio's slider be moved with the keyboard: the arrow keys drag its handle. */
function slide(handle, steps) {
  const box = handle.getBoundingClientRect();
  const frame = handle.parentElement.getBoundingClientRect();
  const from = { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, view: window, bubbles: true };
  const to = { ...from, clientX: from.clientX + (steps * frame.width) / 20 };
  handle.dispatchEvent(new MouseEvent("mousedown", from));
  window.dispatchEvent(new MouseEvent("mousemove", to));
  window.dispatchEvent(new MouseEvent("mouseup", to));
}
window.addEventListener("mouseup", () => requestAnimationFrame(() => {
  const cut = document.querySelector("#slider img.fixed")?.style.clipPath.match(/([\d.]+)%\)/);
  if (cut) document.querySelector("#slider [role=slider]")?.setAttribute("aria-valuenow", Math.round(cut[1]));
}));
document.addEventListener("keydown", (event) => {
  const handle = event.target.closest?.("#slider [data-testid=slider]");
  const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
  if (!handle || !steps) return;
  event.preventDefault();
  slide(handle, steps);
});
new MutationObserver(() => {
  const handle = document.querySelector("#slider [data-testid=slider]:not([tabindex])");
  if (!handle) return;
  handle.tabIndex = 0;
  for (const [name, value] of Object.entries({
    role: "slider", "aria-label": "Share of the photograph shown uncoloured", "aria-valuemin": 0, "aria-valuemax": 100,
    "aria-valuenow": 50, "aria-orientation": "horizontal",
  })) handle.setAttribute(name, value);
  const [before, after] = document.querySelectorAll("#slider img");
  if (before) before.alt = "The photograph as it was";
  if (after) after.alt = "The photograph coloured";
}).observe(document.documentElement, { childList: true, subtree: true });
