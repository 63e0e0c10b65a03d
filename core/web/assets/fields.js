/* A slider with a number beside it. What is no number changes nothing; what is too much is as much as there is. */
autochrome.slider = (box, change, done) => {
  const range = box.querySelector("input[type=range]");
  const number = box.querySelector("input[type=number]");
  const [low, high] = [Number(range.min), Number(range.max)];
  const start = Number(range.defaultValue);
  let value = start;

  function paint(to) {
    value = to;
    range.value = to;
    if (document.activeElement !== number) write();
    const share = (each) => (100 * (each - low)) / (high - low);
    const [zero, at] = [share(Math.max(0, low)), share(to)];
    range.style.setProperty("--from", `${Math.min(zero, at)}%`);
    range.style.setProperty("--to", `${Math.max(zero, at)}%`);
  }
  const write = () => (number.value = String(Math.round(value * 100)));
  range.addEventListener("input", () => change(Number(range.value)));
  range.addEventListener("change", done);
  range.addEventListener("dblclick", () => {
    change(start);
    done();
  });
  number.addEventListener("input", () => {
    if (number.value.trim() === "" || !Number.isFinite(number.valueAsNumber)) return;
    change(Math.min(Math.max(number.valueAsNumber / 100, low), high));
  });
  for (const name of ["change", "blur"]) {
    number.addEventListener(name, () => {
      done();
      write();
    });
  }
  paint(start);
  return { start, paint };
};

/* Sliders and boxes whose values are a component's own, by name: those of a batch. */
autochrome.fields = (element, props) => {
  const values = { ...props.value };
  const give = (name, value) => {
    values[name] = value;
    props.value = { ...values };
  };
  for (const box of element.querySelectorAll("[data-field]")) {
    const name = box.dataset.field;
    const check = box.querySelector("input[type=checkbox]");
    if (check) {
      check.addEventListener("change", () => give(name, check.checked));
      continue;
    }
    const slider = autochrome.slider(box, (value) => {
      slider.paint(value);
      give(name, value);
    }, () => {});
  }
};
