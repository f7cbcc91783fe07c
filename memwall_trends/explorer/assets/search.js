// Find a device by its name: a list that narrows as one types, after the combobox pattern of WAI-ARIA.

const MOST_FOUND = 12;

/** The rows whose names have all the words, those that start with the text first. */
function findDevices(rows, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const named = new Map();
  for (const row of rows) if (words.every((word) => row.name.toLowerCase().includes(word))) named.set(row.name, named.get(row.name) || row);
  const rank = (row) => {
    const name = row.name.toLowerCase();
    return name.startsWith(words[0]) ? 0 : name.includes(` ${words[0]}`) ? 1 : 2;
  };
  return [...named.values()].sort((a, b) => rank(a) - rank(b) || a.name.length - b.name.length || a.day - b.day);
}

/** `rows` gives those that are shown and all there are; `onChoose` is told which one is meant. */
function makeSearch({ rows, onChoose }) {
  const input = byId("search"), list = byId("found");
  let found = [], at = -1;

  function show() {
    const { shown, all } = rows();
    const matching = findDevices(shown, input.value), names = new Set(matching.map((row) => row.name));
    const hidden = findDevices(all, input.value).filter((row) => !names.has(row.name)).length;
    found = matching.slice(0, MOST_FOUND);
    at = -1;
    const items = found.map((row, i) => {
      const item = element("li", row.name, { role: "option", id: `found-${i}`, "aria-selected": "false" });
      item.append(element("span", row.date.slice(0, 4)));
      item.addEventListener("pointerdown", (event) => { event.preventDefault(); choose(i); });
      return item;
    });
    const more = matching.length - found.length;
    const rest = [...(more > 0 ? [`${more} more`] : []), ...(hidden ? [`${hidden} left out by the choice`] : []),
      ...(matching.length || hidden ? [] : ["no device of this name"])];
    if (rest.length) items.push(element("li", capitalise(rest.join(", ")), { role: "option", "aria-disabled": "true", "aria-selected": "false" }));
    list.replaceChildren(...items);
    open(input.value.trim() !== "");
  }

  function open(isOpen) {
    list.hidden = !isOpen;
    input.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) input.removeAttribute("aria-activedescendant");
  }

  function move(step) {
    if (!found.length) return;
    at = (at + step + found.length + (at < 0 && step < 0 ? 1 : 0)) % found.length;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === at)));
    input.setAttribute("aria-activedescendant", `found-${at}`);
    list.children[at].scrollIntoView({ block: "nearest" });
  }

  function choose(place) {
    if (!found[place]) return;
    input.value = found[place].name;
    open(false);
    onChoose(found[place]);
  }

  input.addEventListener("input", show);
  input.addEventListener("blur", () => open(false));
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden) show();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && !list.hidden) choose(Math.max(at, 0));
    else if (event.key === "Escape") {
      if (list.hidden) { input.value = ""; onChoose(undefined); }
      open(false);
    } else return;
    event.preventDefault();
  });
  return { clear: () => { input.value = ""; open(false); } };
}
