/* The look: the values of the controls, what they were before, and what will come back after a reload. */
autochrome.look = (() => {
  const listeners = [];
  const fields = new Map(); // name -> what paints its value
  let start = {}; // the defaults
  let now = {};
  let settled = {}; // as it was when the last change was complete
  let past = [];
  let future = [];

  const copy = (look) => JSON.parse(JSON.stringify(look));
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  function paint() {
    for (const [name, show] of fields) show(now[name]);
    enable("undo", past.length || !same(settled, now));
    enable("redo", future.length);
    enable("reset", !same(now, start));
  }
  function enable(what, can) {
    for (const button of document.querySelectorAll(`[data-do=${what}]`)) button.disabled = !can;
  }
  function set(change) {
    now = { ...now, ...change };
    paint();
    for (const listener of listeners) listener();
  }
  function settle() {
    if (same(settled, now)) return;
    past.push(settled);
    settled = copy(now);
    future = [];
    paint();
  }
  function go(from, to) {
    settle();
    if (!from.length) return;
    to.push(settled);
    now = settled = from.pop();
    set({});
  }

  function bind(box) {
    const name = box.dataset.field;
    const check = box.querySelector("input[type=checkbox]");
    if (check) {
      start[name] = check.defaultChecked;
      fields.set(name, (value) => (check.checked = value));
      check.addEventListener("change", () => {
        set({ [name]: check.checked });
        settle();
      });
    } else {
      const slider = autochrome.slider(box, (value) => set({ [name]: value }), settle);
      start[name] = slider.start;
      fields.set(name, slider.paint);
    }
  }

  return {
    /* Called once: finds the controls. */
    begin(panel) {
      start = { alternative: "default", hints: [] };
      for (const box of panel.querySelectorAll("[data-field]")) bind(box);
      now = copy(start);
      settled = copy(start);
      paint();
    },
    get: () => now,
    changed: (listener) => listeners.push(listener),
    set,
    settle,
    /* A change that is complete at once. */
    put(change) {
      settle(); // what was being dragged is a step of its own
      set(change);
      settle();
    },
    undo: () => go(past, future),
    redo: () => go(future, past),
    reset() {
      set(copy(start));
      settle();
    },
    /* Another photograph: its own look, and nothing of the former one to go back to. Nobody is told. */
    renew(look) {
      now = { ...copy(start), ...copy(look ?? {}) };
      settled = copy(now);
      past = [];
      future = [];
      paint();
    },
    /* Another model, which does not have the colourings of the former one: nor is there any to go back to. */
    forgetAlternative() {
      const without = (look) => ({ ...look, alternative: start.alternative });
      [now, settled, past, future] = [without(now), without(settled), past.map(without), future.map(without)];
      paint();
    },
  };
})();
