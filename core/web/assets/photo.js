/* The Photo tab at work. Every answer belongs to one turn: what comes for a former photograph is dropped. */
autochrome.photo = (() => {
  let page; // Gradio's hands: trigger, props, server
  let view;
  let turn = 0;
  let shown = null; // what the server says of the photograph before us
  let sent = null; // the file that was given last, to give it again
  let painting = false;
  let again = false;
  let whole = false; // the photograph as it was is still to be shown
  let others = 0; // timer until the strip is asked for
  let later = 0; // timer until a server that did not answer is asked again
  let asked = null; // path of the upload that was asked for last
  let lost = null; // name and look of a photograph that the server has no more, for when it is given again
  const part = (selector) => document.querySelector(selector);
  const { look, models, visit, notice } = autochrome;

  const now = () => `${turn} ${shown?.session}`;
  const state = (name) => (part("#studio").dataset.state = name);

  /* What is sent along when a photograph is to be coloured: counted, so that a late answer is known. */
  function ask(wish = {}) {
    turn++;
    notice.clear();
    // Another photograph: its second may be a version of it, or no longer be one.
    const suited = !wish.session && models.wantsSecond();
    const backend = models.chosen();
    return { turn, backend, options: autochrome.options.of(backend), session: shown?.session ?? null, suited, prints: wish.session ? autochrome.prints.wish() : {}, ...wish };
  }

  /* Ask a function of the server; what it cannot do becomes a notice. */
  async function call(name, given = {}) {
    const mine = now();
    const answer = await page.server[name]({ session: shown?.session ?? null, look: look.get(), ...given });
    if (mine !== now()) return null;
    if (answer.problem) {
      refused(answer);
      return null;
    }
    return answer;
  }

  /* A server that was started anew has forgotten the photograph; this page may still have it. */
  function refused({ problem, gone, lost: silent }) {
    const mine = now();
    notice.show("notice.plain", { problem }, gone && sent?.name === shown?.name ? [["notice.resend", resend]] : []);
    clearTimeout(later);
    if (silent) later = setTimeout(() => mine === now() && paint(), 3000);
  }
  function resend() {
    lost = { name: shown.name, look: look.get() };
    autochrome.offer([sent]);
  }

  /* What the server makes of an upload, an example, another model. */
  function answered(answer) {
    if (answer?.notice) return notice.show("notice.plain", { problem: answer.notice });
    page.trigger("taken");
    if (!answer?.turn || answer.turn !== turn) return;
    if ("asked_for" in answer) return failed(answer);
    notice.clear(); // what was asked of the former photograph meanwhile may have been refused
    open(answer);
    models.refresh();
  }
  function failed(answer) {
    if (answer.needs_second) {
      part("#studio").dataset.second = "";
      if (!shown) state("empty");
      return;
    }
    const chosen = answer.asked_for;
    models.choose(shown ? shown.requested : "auto");
    const actions = chosen === "auto" ? [] : [["notice.automatic", () => retry(answer)]];
    notice.show("notice.plain", { problem: answer.problem }, actions);
    if (answer.suited) part("#studio").dataset.second = ""; // for another second photograph
    if (shown) paint();
    else state("empty");
  }
  function retry(answer) {
    models.choose("auto");
    if (answer.session) begin({ session: answer.session });
    else if (answer.example) begin({ example: answer.example });
    else if (sent) autochrome.offer([sent]);
  }

  function open(facts, { keep = null } = {}) {
    const same = shown?.photo === facts.photo && shown.width === facts.width && shown.height === facts.height;
    if (lost?.name === facts.name) keep ??= lost.look;
    lost = null;
    const former = shown?.backend;
    shown = facts;
    state("photo");
    part("#desk .work").hidden = false;
    part("#coloured").hidden = !facts.in_colour;
    part("#story").innerHTML = facts.story;
    part("#sureness").innerHTML = "";
    part("#strip .picks").replaceChildren();
    part("#strip").hidden = true;
    autochrome.options.put(facts.backend, facts.options);
    models.choose(facts.requested);
    second(facts);
    if (keep) look.renew(keep);
    else if (!same) look.renew(part("#pin input").checked ? { ...look.get(), hints: [], alternative: "default" } : null);
    else if (former !== facts.backend) look.forgetAlternative();
    whole = true;
    if (same) paint();
    else view.open({ width: facts.width, height: facts.height, parts: facts.parts }, paint);
    autochrome.hints.close();
    autochrome.prints.show(facts.prints);
    remember();
    warn();
  }

  /* What the second photograph was taken for, and the other thing that it might be. */
  function second({ version, instead }) {
    part("#second .taken").hidden = !instead;
    if (!instead) return;
    autochrome.tell(part("#second .taken p"), version ? "second.same" : "second.other");
    autochrome.tell(part("#second .taken button"), version ? "second.as.other" : "second.as.same");
  }

  /* One picture at a time; what has changed meanwhile is painted next. */
  async function paint() {
    again = true;
    if (painting) return;
    painting = true;
    while (again && shown) {
      again = false;
      const [mine, facts, first] = [now(), shown, whole];
      const answer = await autochrome.busy(view.frame, call("show_look", { pixels: view.pixels(), before: first }));
      if (mine !== now()) again = true; // another photograph, or another model at work
      else if (answer) {
        view.show(answer);
        if (later) notice.clear(); // it answers again
        later = 0;
        if (first) {
          whole = false;
          visit.add(facts, answer);
          explore(true);
        }
      }
    }
    painting = false;
  }

  /* The other colourings, as they are under the present sliders and hints. */
  function explore(first = false) {
    clearTimeout(others);
    others = setTimeout(async () => {
      if (!shown) return;
      const answer = await call("show_others", { sureness: first });
      if (!answer) return;
      strip(answer.others);
      if (first) part("#sureness").innerHTML = answer.sureness;
    }, first ? 0 : 350);
  }
  function strip(list) {
    const picks = part("#strip .picks");
    part("#strip").hidden = false;
    part("#strip h2").hidden = !list.length;
    if (!list.length) {
      const words = document.createElement("p");
      words.className = "quiet";
      autochrome.tell(words, "strip.none");
      picks.replaceChildren(words);
      return;
    }
    list.forEach(({ name, picture }, at) => {
      let button = picks.children[at];
      if (button?.dataset.pick !== name) {
        button = document.createElement("button");
        button.type = "button";
        button.dataset.pick = name;
        button.innerHTML = '<img alt=""><span></span>';
        autochrome.tell(button.querySelector("span"), `look.${name}`);
        if (picks.children[at]) picks.children[at].replaceWith(button);
        else picks.append(button);
      }
      button.querySelector("img").src = picture;
    });
    while (picks.children.length > list.length) picks.lastChild.remove();
    pressed();
  }
  function pressed() {
    for (const button of document.querySelectorAll("#strip [data-pick]")) {
      button.setAttribute("aria-pressed", String(button.dataset.pick === look.get().alternative));
    }
  }

  /* What a colour would touch: only a help, so nothing is said where there is none. */
  async function reach(hint) {
    const [mine, hints] = [now(), [...look.get().hints, hint]];
    const given = { session: shown?.session, look: { ...look.get(), hints } };
    const answer = await page.server.show_reach(given);
    return mine === now() ? answer.mask : null;
  }

  function begin(wish) {
    page.trigger("again", ask(wish));
  }
  function another() {
    turn++;
    shown = null;
    clearTimeout(others);
    notice.clear();
    state("empty");
    part("#desk .work").hidden = true;
    view.close();
    look.renew(part("#pin input").checked ? { ...look.get(), hints: [], alternative: "default" } : null);
    models.choose(models.lacksSecond() ? "auto" : models.chosen());
    autochrome.hints.close();
    remember();
    part("#upload input, #upload button")?.focus();
  }
  async function reopen({ session, name, look: kept }) {
    ask();
    const mine = turn;
    const answer = await page.server.reopen({ session });
    if (mine !== turn) return;
    if (answer.problem) {
      if (answer.gone) visit.forget(session);
      if (!shown) lost = { name, look: kept };
      if (!shown) another();
      notice.show("notice.plain", { problem: answer.problem }, answer.lost ? [["notice.retry", () => reopen({ session, name, look: kept })]] : []);
    } else {
      shown = null;
      open(answer, { keep: kept });
    }
  }

  async function download() {
    const format = part("#format").value;
    const answer = await autochrome.busy(part("#download"), call("save_picture", { format }));
    if (answer) autochrome.download(autochrome.fileAddress(answer.path), answer.name);
  }

  /* For a reload: the photograph's token and its look, in this tab alone and no longer than it is open. */
  function remember() {
    const kept = shown && { session: shown.session, name: shown.name, look: look.get(), format: part("#format").value, pinned: part("#pin input").checked };
    try {
      sessionStorage.setItem("autochrome", JSON.stringify(kept));
    } catch {
      /* no room, or not allowed: then nothing is kept */
    }
    if (shown) visit.look(shown.session, look.get());
  }
  function recall() {
    try {
      const kept = JSON.parse(sessionStorage.getItem("autochrome"));
      if (!kept) return;
      part("#format").value = kept.format;
      part("#pin input").checked = kept.pinned;
      reopen(kept);
    } catch {
      sessionStorage.removeItem("autochrome");
    }
  }
  /* Uploads are deleted after an hour: say so five minutes before. */
  let warning = 0;
  function warn() {
    clearTimeout(warning);
    const mine = shown.session;
    warning = setTimeout(() => shown?.session === mine && notice.show("notice.soon"), Math.max(shown.seconds_left - 300, 1) * 1000);
  }

  /* The picture as it is on the page, for the clipboard, for others, and both halves side by side. */
  async function drawn(both) {
    const answer = await call("show_look", { pixels: 2_000_000, before: both });
    if (!answer) return null;
    const load = async (address) => createImageBitmap(await (await fetch(address)).blob());
    const pictures = await Promise.all((both ? [answer.before, answer.after] : [answer.after]).map(load));
    const canvas = new OffscreenCanvas(pictures.reduce((sum, each) => sum + each.width, 0), pictures[0].height);
    let left = 0;
    for (const picture of pictures) {
      canvas.getContext("2d").drawImage(picture, left, 0);
      left += picture.width;
    }
    return canvas;
  }
  const base = () => shown.name.replace(/\.[^.]*$/, "");
  async function copy() {
    const blob = drawn(false).then((canvas) => canvas.convertToBlob({ type: "image/png" }));
    await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
    flash(part("[data-do=copy]"), "copied");
  }
  async function saveBoth() {
    const canvas = await drawn(true);
    if (!canvas) return;
    const address = URL.createObjectURL(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 }));
    autochrome.download(address, `${base()}.before-after.jpg`);
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }
  async function share() {
    const blob = await (await drawn(false)).convertToBlob({ type: "image/jpeg", quality: 0.92 });
    const file = new File([blob], `${base()}.colour.jpg`, { type: "image/jpeg" });
    await navigator.share({ files: [file], title: "Autochrome" }).catch(() => {});
  }
  function flash(button, key) {
    const former = button.dataset.say;
    autochrome.tell(button, key);
    setTimeout(() => autochrome.tell(button, former), 1500);
  }

  const doing = {
    undo: look.undo,
    redo: look.redo,
    reset: look.reset,
    download,
    another,
    copy: () => autochrome.busy(part("[data-do=copy]"), copy()).catch(() => notice.show("notice.nocopy")),
    both: () => autochrome.busy(part("[data-do=both]"), saveBoth()),
    share: () => autochrome.busy(part("[data-do=share]"), share()),
    second() {
      part("#studio").dataset.second = "";
      if (part("#second-upload img")) begin({ session: shown.session, suited: true }); // the one that is there
    },
    instead() {
      models.choose(shown.instead);
      begin({ session: shown.session });
    },
    keys: () => part("#keys").showModal(),
    compare: () => page.trigger("compare", { session: shown.session }),
  };

  function keys(event) {
    if (!shown || event.altKey || !part("#studio").checkVisibility() || part("#keys").open) return;
    const typing = event.target.matches?.("input[type=text], input[type=search], textarea, select");
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (command && key === "z" && !typing) event.shiftKey ? look.redo() : look.undo();
    else if (command && key === "y" && !typing) look.redo();
    else if (command || typing || event.target.matches?.("input[type=number]")) return;
    else if (["b", "t"].includes(key)) view.doing[key === "b" ? "hold" : "see"](true);
    else if (["+", "="].includes(key)) view.doing.in();
    else if (key === "-") view.doing.out();
    else if (key === "0") view.doing.fit();
    else if (key === "1") view.doing.actual();
    else if (key === "s") view.doing.pair();
    else if (key === "f") view.doing.full();
    else if (key === "d") download();
    else if (key === "?") doing.keys();
    else return;
    event.preventDefault();
  }

  return {
    ask(file) {
      asked = file.path;
      return ask({ upload: true });
    },
    /* What is left in the field after an answer: a photograph that came meanwhile. */
    left: (file) => (file?.path === asked ? null : file),
    again: () => begin({ session: shown?.session }),
    take: () => begin({ session: shown?.session, suited: true }),
    answered,
    reopen,
    shown: () => shown,
    begin(element, given) {
      page = { ...given, server: autochrome.asking(given.server) };
      autochrome.when("#panel .controls", (panel) => autochrome.when("#visit", () => {
        view = autochrome.viewer(element.querySelector("#slider"), {
          part: (region) => autochrome.busy(view.frame, call("show_part", { region })),
        });
        look.begin(panel);
        autochrome.hints.begin(element.querySelector("#hints"), view, { reach });
        autochrome.prints.begin(part("#prints"), view, { call, again: () => begin({ session: shown.session }) });
        models.begin(part("#models"), page.server);
        visit.begin();
        look.changed(() => {
          paint();
          if (shown && !whole) explore();
          pressed();
          autochrome.hints.show();
          remember();
        });
        page.watch("value", () => answered(page.props.value));
        document.addEventListener("click", (event) => {
          const button = event.target.closest?.("#studio [data-do]");
          if (button && doing[button.dataset.do]) doing[button.dataset.do]();
          const pick = event.target.closest?.("#strip [data-pick]");
          if (pick) look.put({ alternative: pick.dataset.pick });
          const example = event.target.closest?.("[data-example]");
          if (example) begin({ example: example.dataset.example, session: null });
        });
        part("#format").addEventListener("change", remember);
        part("#pin").addEventListener("change", remember);
        document.addEventListener("keydown", keys);
        document.addEventListener("keyup", (event) => {
          if (event.key.toLowerCase() === "b") view.doing.hold(false);
          if (event.key.toLowerCase() === "t") view.doing.see(false);
        });
        document.addEventListener("change", (event) => {
          if (event.target.matches?.("#upload input[type=file]")) sent = event.target.files[0] ?? sent;
        }, { capture: true });
        part("[data-do=share]").hidden = !navigator.canShare?.({ files: [new File([], "a.jpg", { type: "image/jpeg" })] });
        recall();
      }));
    },
  };
})();
