/* The page in the visitor's language. Elements name their text: data-say="key", or data-say-title and the like. */
window.autochrome = {};
autochrome.texts = window.autochromeTexts;
autochrome.languages = autochrome.texts.languages;
autochrome.language = (() => {
  const wanted = (navigator.languages ?? [navigator.language]).map((each) => each.toLowerCase().split("-")[0]);
  return wanted.find((each) => autochrome.languages.includes(each)) ?? "en";
})();

autochrome.say = (key, values = {}) => {
  const texts = autochrome.texts.say[key];
  const text = texts ? texts[autochrome.languages.indexOf(autochrome.language)] : key;
  return text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
};

/* An element whose text stays right, whatever else happens to it. */
autochrome.tell = (element, key, values) => {
  element.dataset.say = key;
  if (values) element.dataset.values = JSON.stringify(values);
  else delete element.dataset.values;
  autochrome.translate(element);
};

autochrome.translate = (root) => {
  for (const element of [root, ...root.querySelectorAll("*")]) {
    for (const { name, value } of [...(element.attributes ?? [])]) {
      if (!name.startsWith("data-say")) continue;
      const text = autochrome.say(value, element.dataset.values ? JSON.parse(element.dataset.values) : {});
      const attribute = name.slice("data-say-".length);
      if (!attribute) element.textContent !== text && (element.textContent = text);
      else if (element.getAttribute(attribute) !== text) element.setAttribute(attribute, text);
    }
  }
};

document.documentElement.lang = autochrome.language;
document.documentElement.style.setProperty("--say-working", JSON.stringify(autochrome.say("working.colour")));
new MutationObserver((records) => {
  for (const { target, addedNodes } of records) {
    const said = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
    if (Object.keys(said?.dataset ?? {}).some((name) => name.startsWith("say"))) autochrome.translate(said);
    for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE) autochrome.translate(node);
  }
}).observe(document, { childList: true, subtree: true, characterData: true, attributeFilter: ["alt", "aria-label", "title"] });
