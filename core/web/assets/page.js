/* What every tab needs: files from anywhere on the page, a sign of work, notices, small things. */

/* Do something once an element is there: Gradio mounts the page's parts in an order of its own. */
autochrome.when = (selector, then) => {
  const found = document.querySelector(selector);
  if (found) then(found);
  else requestAnimationFrame(() => autochrome.when(selector, then));
};

autochrome.download = (address, name) => {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
};

autochrome.fileAddress = (path) => {
  const { root, api_prefix: prefix } = window.gradio_config;
  return `${root}${prefix}/file=${path.split("/").map(encodeURIComponent).join("/")}`;
};

/* The server's functions. Gradio's give nothing where it does not answer: here that is a problem like others. */
autochrome.asking = (server) => new Proxy({}, {
  get: (_, name) => async (given) => {
    const answer = await server[name](given).catch(() => null);
    return answer ?? { problem: autochrome.say("notice.lost"), lost: true };
  },
});

/* Show that something is going on, once that has taken a fifth of a second. */
autochrome.busy = async (element, promise) => {
  const timer = setTimeout(() => element.setAttribute("aria-busy", "true"), 200);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    element.removeAttribute("aria-busy");
  }
};

/* One notice at a time, on the tab where the person is; it goes when what it says is past. */
autochrome.openTab = () => [...document.querySelectorAll("[role=tabpanel]")].find((each) => each.checkVisibility());
autochrome.notice = {
  /* What the server says, by a component's value. */
  follow: (props, watch) => watch("value", () => {
    if (props.value?.problem) autochrome.notice.show("notice.plain", { problem: props.value.problem });
    else autochrome.notice.clear();
  }),
  show(key, values, actions = []) {
    autochrome.notice.clear();
    const place = autochrome.openTab()?.querySelector(".notices .said");
    if (!place) return;
    const box = document.createElement("div");
    box.className = "notice";
    box.setAttribute("role", "alert");
    const text = document.createElement("p");
    autochrome.tell(text, key, values);
    box.append(text);
    for (const [name, action] of actions) {
      const button = document.createElement("button");
      button.type = "button";
      autochrome.tell(button, name);
      button.addEventListener("click", () => {
        autochrome.notice.clear();
        action();
      });
      box.append(button);
    }
    const close = document.createElement("button");
    close.type = "button";
    close.className = "close";
    close.textContent = "×";
    close.setAttribute("aria-label", autochrome.say("close"));
    close.addEventListener("click", () => autochrome.notice.clear());
    box.append(close);
    place.replaceChildren(box);
    box.scrollIntoView({ block: "nearest" });
  },
  clear() {
    for (const place of document.querySelectorAll(".notices .said")) place.replaceChildren();
  },
};

/* Gradio's fields for one picture refuse what the browser knows no picture's type of, as it may of a HEIC: the server
   knows better, and says what is wrong in a sentence. */
autochrome.give = (field, files) => {
  const carrier = new DataTransfer();
  for (const file of files) {
    const known = field.multiple || file.type.startsWith("image/");
    carrier.items.add(known ? file : new File([file], file.name, { type: "image/*", lastModified: file.lastModified }));
  }
  field.files = carrier.files;
};

/* A place in numbers, for who has no pointer: it is shown while its fields are in use, and put by a button or Enter. */
autochrome.place = (part, { aim, put }) => {
  const fields = [part("across"), part("down")];
  const given = () => fields.map((field) => (field.valueAsNumber || 0) / 100);
  part("put").addEventListener("click", () => put(...given()));
  for (const field of fields) {
    for (const name of ["focus", "input"]) field.addEventListener(name, () => aim(given()));
    field.addEventListener("blur", () => aim(null));
    field.addEventListener("keydown", (event) => event.key === "Enter" && put(...given()));
  }
};

/* Give files to the field on the tab that is open, wherever on the page they came from. Gradio takes a field away while
   it uploads: then the last files that came are given as soon as it is back. */
let offered = 0;
autochrome.offer = (files, place = ".takes") => {
  const taker = autochrome.openTab()?.querySelector(place);
  if (!taker || !files.length) return false;
  const number = ++offered;
  const field = taker.querySelector("input[type=file]");
  if (!field) {
    const kept = [...files];
    autochrome.when(`#${taker.id} input[type=file]`, () => number === offered && autochrome.offer(kept, `#${taker.id}`));
    return true;
  }
  if (!field.multiple && !autochrome.isForOne(files)) return true;
  autochrome.give(field, field.multiple ? files : [files[0]]);
  field.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
};

/* Several files, or a zip, belong on another tab: say so, and take them there. */
autochrome.isForOne = (files) => {
  const zip = [...files].some((file) => /\.zip$/i.test(file.name));
  if (files.length === 1 && !zip) return true;
  const many = [...files];
  autochrome.notice.show(zip ? "notice.zip" : "notice.many", { count: files.length }, [
    ["notice.batch", () => autochrome.toBatch(many)],
  ]);
  return false;
};
autochrome.toBatch = (files) => {
  const menu = [...document.querySelectorAll("#tabs .overflow-dropdown button")]; // what has no room on a narrow screen
  const words = autochrome.say("tab.batch");
  const tab = document.querySelector("#tabs [data-tab-id=batch]") ?? menu.find((each) => each.textContent.trim() === words);
  tab.click();
  autochrome.when("#batch-upload input[type=file]", () => setTimeout(() => autochrome.offer(files), 100));
};

document.addEventListener("paste", (event) => {
  if (event.clipboardData && autochrome.offer(event.clipboardData.files)) event.preventDefault();
});

/* A drop anywhere is for the tab's field, and the whole page says so while a file hangs over it. */
const hover = (on) => document.documentElement.classList.toggle("dropping", on);
window.addEventListener("dragover", (event) => {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  hover(true);
});
window.addEventListener("dragleave", (event) => event.relatedTarget || hover(false));
window.addEventListener("drop", (event) => {
  hover(false);
  if (!event.dataTransfer?.files.length) return;
  event.preventDefault();
  const place = event.target.closest?.("#second-upload") ? "#second-upload" : undefined;
  if (autochrome.offer(event.dataTransfer.files, place)) event.stopPropagation(); // else Gradio's field takes it
}, { capture: true });

/* What a person chose in the field itself; of many Gradio's would take the first without a word. */
document.addEventListener("change", (event) => {
  const field = event.target.closest?.(":is(.takes, #second-upload) input[type=file]");
  if (!field || field.multiple || !field.files.length) return;
  if (autochrome.isForOne(field.files)) return autochrome.give(field, [...field.files]);
  event.stopImmediatePropagation();
  field.value = "";
}, { capture: true });

/* Gradio tells a place in the queue in English, among other figures: told anew, in words. */
new MutationObserver(() => {
  for (const line of document.querySelectorAll(".progress-text")) {
    const place = /queue: (\d+)/.exec(line.textContent)?.[1];
    const words = place ? autochrome.say("waiting", { place }) : "";
    if (line.dataset.waiting !== words) line.dataset.waiting = words;
  }
}).observe(document, { childList: true, subtree: true, characterData: true });
