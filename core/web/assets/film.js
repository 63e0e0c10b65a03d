/* The Film tab: the frame at which the player stands is the one that is shown in colour, and from which is tried. */
autochrome.film = (element, { props, trigger }) => {
  const part = (name) => element.querySelector(`[data-part=${name}]`);
  const player = () => document.querySelector("#film-upload video");
  const result = () => document.querySelector("#film-result video");
  let value = { at: 0, hints: [] };
  const give = (more) => {
    value = { ...value, ...more };
    props.value = value;
    list();
    trigger("input");
  };

  /* All colours of the film, whichever frame they are on; each can be taken away again, here and on its frame. */
  const list = () => {
    const laid = part("laid");
    laid.replaceChildren(...value.hints.map((hint, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.hint = at;
      button.style.setProperty("--ink", hint.color);
      button.textContent = `${Number(hint.t.toFixed(1))} s \u00d7`;
      button.setAttribute("aria-label", autochrome.say("hints.remove", { number: at + 1 }));
      button.title = button.getAttribute("aria-label");
      return button;
    }));
    laid.hidden = part("clear").hidden = !value.hints.length;
  };
  const stand = (at) => {
    part("at").value = String(Number(at.toFixed(2)));
    give({ at });
  };

  /* Events of players do not bubble, and Gradio makes new players. */
  const hear = (names, of, told) => {
    for (const name of names) document.addEventListener(name, (event) => event.target === of() && told(event.target, event), true);
  };
  hear(["seeked", "pause", "loadeddata"], player, (video) => stand(video.currentTime));
  part("at").addEventListener("change", () => {
    const at = Math.max(0, part("at").valueAsNumber || 0);
    if (player()?.readyState) player().currentTime = at;
    else stand(at); // of a film that this browser cannot play
  });

  /* Colours that are known, on this frame; the film takes them along. */
  let adding = false;
  part("add").addEventListener("click", () => {
    adding = !adding;
    part("add").setAttribute("aria-pressed", String(adding));
    autochrome.tell(part("add"), adding ? "hints.done" : "hints.add");
    part("ink").hidden = part("how").hidden = part("place").hidden = !adding;
    document.querySelector("#film-still").classList.toggle("adding", adding);
  });
  part("clear").addEventListener("click", () => give({ hints: [] }));
  document.addEventListener("click", (event) => {
    const laid = event.target.closest?.("#film-studio [data-hint]");
    if (laid) return give({ hints: value.hints.filter((_, at) => at !== Number(laid.dataset.hint)) });
    const still = event.target.closest?.("#film-still figure");
    if (!still || !adding) return;
    const box = still.getBoundingClientRect();
    put((event.clientX - box.x) / box.width, (event.clientY - box.y) / box.height);
  });
  const put = (...place) => {
    const [x, y] = place.map((share) => Number(Math.min(Math.max(share, 0), 1).toFixed(4)));
    give({ hints: [...value.hints, { t: value.at, x, y, color: part("ink").querySelector("input").value }] });
  };

  const aim = (place) => {
    document.querySelector("#film-still .aim")?.remove();
    const still = place && document.querySelector("#film-still figure");
    if (!still) return;
    const mark = document.createElement("i");
    mark.className = "aim";
    [mark.style.left, mark.style.top] = place.map((share) => `${share * 100}%`);
    still.append(mark);
  };
  autochrome.place(part, { aim, put });
  hear(["emptied", "loadstart"], player, () => {
    props.value = value = { at: 0, hints: [] }; // another film
    list();
  });

  /* Before: the film as it was lies over the one in colour, at the same frame. */
  let cover = null;
  const follow = () => {
    const video = result();
    if (!cover?.isConnected || !video) return;
    const at = video.currentTime + Number(document.querySelector("#film-story [data-start]")?.dataset.start ?? 0);
    if (Math.abs(cover.currentTime - at) > (video.paused ? 0.001 : 0.06)) cover.currentTime = at;
    cover.playbackRate = video.playbackRate;
    if (video.paused) cover.pause();
    else cover.play().catch(() => {});
  };
  const lay = () => {
    const before = part("before").checked;
    document.querySelector("#film-studio").classList.toggle("before", before);
    const video = result();
    cover?.remove();
    cover = null;
    if (!before || !video || !player()?.currentSrc) return;
    cover = document.createElement("video");
    cover.className = "cover";
    cover.muted = cover.playsInline = true;
    cover.tabIndex = -1;
    cover.setAttribute("aria-hidden", "true");
    cover.src = player().currentSrc;
    video.after(cover);
    follow();
  };
  part("before").addEventListener("change", lay);
  hear(["loadeddata"], result, lay);
  hear(["play", "pause", "seeked", "seeking", "timeupdate", "ratechange"], result, follow);
};
