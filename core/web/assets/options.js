/* The options that a model has of its own: fields made from what the server says of them, and what a person chose. */
autochrome.options = (() => {
  const chosen = {}; // by model and name, what differs from the start
  const fill = {}; // by model, what puts the values into its fields

  function field(option, value) {
    const tag = option.kind === "choice" ? "select" : "input";
    const entry = document.createElement(tag);
    if (tag === "input") entry.type = { check: "checkbox", range: "range", number: "number" }[option.kind] ?? "text";
    for (const each of option.choices ?? []) entry.add(new Option(each, each));
    if (option.kind === "range") Object.assign(entry, { min: option.low, max: option.high });
    if (option.step) entry.step = option.step;
    put(option, entry, value);
    return entry;
  }
  function put(option, entry, value) {
    if (option.kind === "check") entry.checked = value;
    else entry.value = value;
  }
  function given(option, entry) {
    if (option.kind === "check") return entry.checked;
    if (option.kind === "choice") return option.choices[entry.selectedIndex];
    if (option.kind === "text") return entry.value;
    return Number.isFinite(entry.valueAsNumber) ? entry.valueAsNumber : option.value;
  }

  return {
    of: (model) => ({ ...chosen[model] }),
    put(model, values) {
      chosen[model] = values;
      fill[model]?.();
    },

    /* The fields of a model; none where it has no options. */
    fields(model, options, changed) {
      const box = document.createElement("div");
      box.className = "options";
      const fills = [];
      fill[model] = () => fills.forEach((each) => each());
      for (const option of options ?? []) {
        const label = document.createElement("label");
        const [name, shown] = [document.createElement("span"), document.createElement("b")];
        const value = () => chosen[model]?.[option.name] ?? option.value;
        const entry = field(option, value());
        name.textContent = entry.ariaLabel = option.title;
        const tell = () => (shown.textContent = option.kind === "range" ? entry.value : "");
        entry.addEventListener("input", tell);
        entry.addEventListener("change", () => {
          chosen[model] = { ...chosen[model], [option.name]: given(option, entry) };
          changed();
        });
        fills.push(() => {
          if (entry === document.activeElement) return; // a hand is on it
          put(option, entry, value());
          tell();
        });
        tell();
        label.append(name, shown, entry);
        if (option.about) {
          const about = document.createElement("small");
          about.textContent = option.about;
          label.append(about);
        }
        box.append(label);
      }
      return box;
    },
  };
})();
