// Numbers and choices as a reader sees them.

const POLICY_TITLES = { best16: "16 bits or wider", fastest: "any format", fp16: "FP16 or BF16" };
const COLUMN_TITLES = { product_class: "class" };
const PREFIXES = ["", "k", "M", "G", "T", "P", "E"];
const LONG_UNIT = 13;
const SHORT_NUMBER = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });

const titleOf = (column) => COLUMN_TITLES[column] || column;
const policyTitle = (policy) => POLICY_TITLES[policy] || policy.toUpperCase();
const unitOf = (series, rows) => (rows.length ? rows[0].unit : series.rows[0].unit);
const formatValue = (value) => (value >= 1e9 || value < 1e-4 ? value.toPrecision(4) : SHORT_NUMBER.format(value));
/** A title within a sentence: DRAM stays DRAM. */
const withinSentence = (title) => (/^[A-Z][a-z]/.test(title) ? title[0].toLowerCase() + title.slice(1) : title);
const capitalise = (text) => text[0].toUpperCase() + text.slice(1);

/** As memwall_trends.units.format_number. */
function formatNumber(number, digits = 4) {
  if (!Number.isFinite(number)) return number > 0 ? "infinite" : "-infinite";
  if (number === 0) return "0";
  const magnitude = Number(number.toExponential(digits - 1).split("e")[1]);
  if (magnitude < -4 || magnitude >= 9) return number.toExponential(digits - 1);
  const decimals = Math.max(digits - 1 - magnitude, 0);
  return Number(number.toPrecision(digits)).toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** A value on an axis with its unit: 1,000 GB/s is 1 TB/s. */
function formatTick(value, unit) {
  if (value === 0) return "0";
  const [, prefix, base] = /^([kMGTPE]?)(FLOP\/s|FLOP|B\/s|T\/s|B)$/.exec(unit) || [];
  const places = base && PREFIXES.indexOf(prefix) + Math.floor(Math.log10(value) / 3 + 1e-9);
  if (base && places in PREFIXES) {
    return `${SHORT_NUMBER.format(value / 1000 ** (places - PREFIXES.indexOf(prefix)))} ${PREFIXES[places]}${base}`;
  }
  const scaled = base ? value * 1000 ** PREFIXES.indexOf(prefix) : value, named = base || unit;
  const text = scaled >= 1e6 || scaled < 1e-3 ? scaled.toExponential().replace("+", "") : SHORT_NUMBER.format(scaled);
  // A long unit stands above the chart alone.
  return named === "x" ? `${text}x` : named === "parameters" || named.length > LONG_UNIT ? text : `${text} ${named}`;
}

const describeRate = (growth) => `${formatNumber(growth.rate, 3)}x`;
const describeEnds = (growth, digits = 3) => `${formatNumber(growth.low, digits)} to ${formatNumber(growth.high, digits)}`;

function describeDoubling({ doubling }) {
  if (!Number.isFinite(doubling)) return "never";
  return `${doubling < 0 ? "halves in " : ""}${formatNumber(Math.abs(doubling), 3)} years`;
}

/** The finding: how fast it grew. */
function describeFinding(answer) {
  const name = answer.series.title;
  if (answer.way === "by" && answer.groups.length) {
    const told = answer.groups.slice(0, 3).map(({ label, growth }, i) =>
      `${describeRate(growth)} ${i ? "" : `per ${data.periodText} `}(${label})`);
    return `${name} grew ${told.join(", ")}`;
  }
  if (!answer.line) return name;
  const inside = answer.way === "within" ? ` within a ${titleOf(state.by)}` : "";
  return `${name} ${answer.growth.rate >= 1 ? "grew" : "shrank to"} ${describeRate(answer.growth)} per ${data.periodText}${inside}`;
}

/** What was measured: unit, population, window, and how sure the finding is. */
function describePopulation(answer) {
  const { series, rows, growth, way } = answer;
  const parts = [`${answer.unit} of ${rows.length} ${series.columns.scope ? "links" : series.columns.segment ? "devices" : "rows"}` +
    (rows.length ? `, ${rows[0].date.slice(0, 4)} to ${rows.at(-1).date.slice(0, 4)}` : ""), ...describeChoice(series)];
  if (answer.first) parts.push(`relative to ${answer.first.name}`);
  if (growth && way !== "by") {
    parts.push(state.frontier ? "no interval" : `${data.levelText} interval ${describeEnds(growth)}`);
  }
  return `${parts.join("; ")}.`;
}

/** What is chosen of a series. */
function describeChoice(series) {
  const choice = choiceFor(series);
  const parts = mergeWhere(series.fitted, choice.where).filter(([column]) => column !== "shipped!").map(([column, wanted]) =>
    (column.endsWith("!") ? `${titleOf(column.slice(0, -1))} not ` : `${titleOf(column)} `) + wanted.join(" or "));
  const policy = choice.precision || series.precision;
  if (policy) parts.push(`best dense rate, ${policyTitle(policy)}`);
  if (state.frontier) parts.push("records only");
  return parts;
}

const describeSource = (series) => `Data: memwall-trends, ${
  series.dataset === data.defaultDataset ? "each value with its source" : `points of ${series.dataset}`} (CC BY 4.0)`;

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  return made;
}

/** A source as a link where it has a web address, else as text. Texts from data only ever become text nodes. */
function sourceElement(key) {
  const [title, url] = data.sources[key] || [key, ""];
  const text = title || key || "no source given";
  return /^https?:\/\//i.test(url) ? element("a", text, { href: url, rel: "noopener noreferrer", target: "_blank" }) : element("span", text);
}
