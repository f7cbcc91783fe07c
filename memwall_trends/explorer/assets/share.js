// What a reader takes away: a link, a frame for another page, a picture, the rows.

const PICTURE = { width: 900, plotHeight: 420 };
const PNG_SCALE = 2;

/** The address of the present view: that which the page will have, where its maker said so. */
const linkTo = () => (data.baseUrl || location.href.replace(/#.*$/, "")) + fragmentOf();

const embedCode = (title) => `<iframe src="${escapeMarkup(linkTo())}" title="${escapeMarkup(title)}" ` +
  `width="100%" height="620" style="border: 0" loading="lazy"></iframe>`;

const escapeMarkup = (text) => text.replace(/[&"<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);

async function copy(text, done, field) {
  try {
    await navigator.clipboard.writeText(text);
    tell(done);
  } catch {
    if (field) field.select();
    tell(field ? "Selected: copy it from there." : `Copy it from here: ${text}`);
  }
}

async function downloadPicture(answer, row, kind) {
  const view = await drawPicture(trendScene(answer, paletteOf("light"), PICTURE), row);
  const name = `${answer.series.name}.${kind}`;
  if (kind === "svg") download(name, new Blob([await view.toSVG()], { type: "image/svg+xml" }));
  else {
    const canvas = await view.toCanvas(PNG_SCALE);
    download(name, await new Promise((done) => canvas.toBlob(done, "image/png")));
  }
  view.finalize();
  tell("Picture written.");
}

/** RFC 4180, all columns. A spreadsheet would run a text that starts like a formula: an apostrophe makes it text. */
function rowsAsCsv({ series, counted, candidates }) {
  const columns = Object.keys(series.columns), chosen = new Set(counted);
  const cell = (value) => {
    if (typeof value !== "string") return value === null || value === undefined ? "" : String(value);
    const inert = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
  };
  const lines = [columns, ...candidates.filter((row) => chosen.has(row)).map((row) => columns.map((column) => row[column]))];
  return lines.map((line) => line.map(cell).join(",") + "\r\n").join("");
}

function download(name, blob) {
  const address = URL.createObjectURL(blob);
  element("a", "", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

const tell = (text) => { byId("action-status").textContent = text; };
