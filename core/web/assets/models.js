/* Which model is to colour: each with what it is, or what it would take to fetch it. */
autochrome.models = (() => {
  let box;
  let server;
  let rows = [];
  let chosen = "auto";
  let timer = 0;
  let place = null; // where those stand that are not here, on the tab that compares

  const automatic = () => ({ id: "auto", title: autochrome.say("automatic"), summary: autochrome.say("automatic.what"), state: "ready" });
  const find = (id) => [automatic(), ...rows].find((row) => row.id === id);
  const megabytes = (bytes) => Math.round(bytes / 1e6);

  /* What the built-in ones say is known in every language; plugins speak for themselves. */
  const said = (what, row) => (autochrome.texts.say[`${what}.${row.id}`] ? autochrome.say(`${what}.${row.id}`) : row[what]);

  function line(row) {
    const item = document.createElement("div");
    item.className = "model";
    item.dataset.model = row.id;
    item.innerHTML = '<label><input type="radio" name="model"><span class="name"></span><small></small></label>';
    const radio = item.querySelector("input");
    radio.value = row.id;
    radio.addEventListener("change", () => {
      choose(row.id);
      toggleSecond();
      autochrome.photo.again();
    });
    return item;
  }
  function paint(item, row) {
    item.querySelector(".name").textContent = said("title", row);
    item.querySelector("small").textContent = said("summary", row);
    const radio = item.querySelector("input");
    radio.checked = row.id === chosen;
    radio.disabled = row.state !== "ready";
    if (!radio.checked || radio.disabled || !row.options?.length) item.querySelector(".options")?.remove();
    else if (!item.querySelector(".options")) item.append(autochrome.options.fields(row.id, row.options, autochrome.photo.again));
    item.querySelector(".more")?.remove();
    if (row.state !== "ready") item.append(more(row));
  }
  /* What it would take to have it. */
  function more(row) {
    const box = document.createElement("div");
    box.className = "more";
    if (row.state === "downloading") {
      const bar = document.createElement("progress");
      if (row.bytes_total) Object.assign(bar, { value: row.bytes_done, max: row.bytes_total });
      bar.setAttribute("aria-label", autochrome.say("model.bar", { title: row.title }));
      const words = document.createElement("small");
      autochrome.tell(words, row.bytes_total ? "model.arriving" : "model.starting", { done: megabytes(row.bytes_done), total: megabytes(row.bytes_total) });
      box.append(bar, words);
    } else {
      const words = document.createElement("small");
      if (row.state === "missing") autochrome.tell(words, "model.missing");
      else words.textContent = row.message;
      words.classList.toggle("long", words.textContent.length > 30);
      box.append(words);
      if (row.can_fetch) {
        const button = document.createElement("button");
        button.type = "button";
        autochrome.tell(button, row.bytes_total ? "model.fetch" : "model.fetch.unknown", { size: megabytes(row.bytes_total) });
        button.addEventListener("click", async () => take(await server.fetch_model({ id: row.id })));
        box.append(button);
      }
    }
    return box;
  }
  function show() {
    const list = box.querySelector(".rows");
    const wanted = [automatic(), ...rows];
    wanted.forEach((row, at) => {
      let item = list.children[at];
      if (item?.dataset.model !== row.id) {
        item = line(row);
        if (list.children[at]) list.children[at].replaceWith(item);
        else list.append(item);
      }
      paint(item, row);
    });
    while (list.children.length > wanted.length) list.lastChild.remove();
    box.querySelector("summary b").textContent = find(chosen) ? said("title", find(chosen)) : chosen;
  }
  /* Those that could take part in a comparison, were they here. */
  function showAbsent() {
    if (!place) return; // Gradio makes a tab when it is first opened
    const absent = rows.filter((row) => row.state !== "ready" && !row.wants_reference);
    place.hidden = !absent.length;
    place.querySelector(".rows").replaceChildren(...absent.map((row) => {
      const item = document.createElement("div");
      item.className = "model";
      item.innerHTML = '<b class="name"></b> <small></small>';
      item.querySelector(".name").textContent = said("title", row);
      item.querySelector("small").textContent = said("summary", row);
      item.append(more(row));
      return item;
    }));
  }
  function toggleSecond() {
    const studio = document.querySelector("#studio");
    if (find(chosen)?.wants_reference) studio.dataset.second = "";
    else delete studio.dataset.second;
  }
  function choose(id) {
    chosen = !rows.length || find(id) ? id : "auto"; // after a reload the list may come later
    show();
    toggleSecond();
  }

  /* New rows; while something is on its way, ask again. What has arrived meanwhile is offered. */
  function take(answer) {
    if (!answer?.models) return;
    const arrived = rows.some((row) => row.state !== "ready" && answer.models.some((each) => each.id === row.id && each.state === "ready"));
    document.documentElement.classList.toggle("arrived", arrived || document.documentElement.classList.contains("arrived"));
    const first = !rows.length;
    rows = answer.models;
    show();
    if (first) toggleSecond(); // only now is it known whether it wants one
    showAbsent();
    const now = autochrome.photo.shown();
    const better = now?.requested === "auto" && now.fallback && answer.preferred !== now.backend && find(answer.preferred)?.state === "ready";
    if (better && now.offered !== answer.preferred) {
      now.offered = answer.preferred;
      autochrome.notice.show("notice.arrived", { title: find(answer.preferred).title }, [["notice.again", autochrome.photo.again]]);
    }
    clearTimeout(timer);
    const coming = rows.some((row) => row.state === "downloading");
    if (coming) timer = setTimeout(refresh, 1500);
  }
  async function refresh() {
    const answer = await server.list_models({});
    take(answer);
    if (!answer.lost) return;
    clearTimeout(timer);
    timer = setTimeout(refresh, 10_000);
  }

  return {
    begin(element, hands) {
      [box, server] = [element, hands];
      box.addEventListener("toggle", () => box.open && refresh());
      refresh();
    },
    refresh,
    absent(element) {
      place = element.querySelector(".absent");
      showAbsent();
    },
    choose,
    chosen: () => chosen,
    wantsSecond: () => Boolean(find(chosen)?.wants_reference),
    lacksSecond: () => Boolean(find(chosen)?.wants_reference && !document.querySelector("#second-upload img")),
  };
})();
