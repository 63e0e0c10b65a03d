/* The photographs of this visit, with their looks, in this tab alone. */
autochrome.visit = (() => {
  const KEY = "autochrome-visit";
  const MOST = 12;
  let list = [];
  let box;

  function keep() {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(list));
    } catch {
      /* no room: then a reload forgets them */
    }
  }
  async function small(address) {
    const picture = await createImageBitmap(await (await fetch(address)).blob(), { resizeHeight: 96, resizeQuality: "high" });
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.min(picture.width, 192), picture.height];
    canvas.getContext("2d").drawImage(picture, (canvas.width - picture.width) / 2, 0);
    return canvas.toDataURL("image/jpeg", 0.8);
  }
  function show() {
    box.hidden = list.length < 2;
    box.querySelector(".thumbs").replaceChildren(
      ...list.map((each) => {
        const button = document.createElement("button");
        button.type = "button";
        button.title = each.name;
        button.setAttribute("aria-label", autochrome.say("visit.open", { name: each.name }));
        button.innerHTML = '<img alt="">';
        button.querySelector("img").src = each.picture;
        button.setAttribute("aria-pressed", String(autochrome.photo.shown()?.session === each.session));
        button.addEventListener("click", () => autochrome.photo.reopen(each));
        return button;
      }),
    );
  }

  return {
    begin() {
      box = document.querySelector("#visit");
      try {
        list = JSON.parse(sessionStorage.getItem(KEY)) ?? [];
      } catch {
        list = [];
      }
      list = list.filter((each) => each.until > Date.now());
      show();
    },
    async add(facts, { after }) {
      const picture = await small(after).catch(() => after);
      const former = list.find((each) => each.photo === facts.photo);
      const { session, photo, name } = facts;
      const entry = { session, photo, name, picture, look: former?.look, until: Date.now() + facts.seconds_left * 1000 };
      list = former ? list.map((each) => (each === former ? entry : each)) : [entry, ...list].slice(0, MOST);
      keep();
      show();
    },
    look(session, look) {
      const entry = list.find((each) => each.session === session);
      if (!entry) return;
      entry.look = look;
      keep();
    },
    forget(session) {
      list = list.filter((each) => each.session !== session);
      keep();
      show();
    },
  };
})();
