// Which rows count, as memwall_trends.selection and gap have it. Rows in, rows out.

/** The rows of a series that a choice leaves, and of those the ones that count: records, then the window. */
function chooseRows(series, choice) {
  const conditions = mergeWhere(series.fitted, choice.where);
  let rows = series.rows.filter((row) => matches(row, conditions));
  const policy = choice.precision || series.precision;
  if (policy) rows = bestOfEachDevice(rows, data.precisions[policy], new Set(series.unrated[policy] || []));
  const eligible = choice.frontier ? recordsOf(rows) : rows;
  return { candidates: rows, eligible, counted: eligible.filter((row) => isWithin(row, choice)) };
}

/** The different values of a column among rows, the one of most rows first; rows without one are in no group. */
function groupsOf(rows, column) {
  const counts = new Map();
  for (const row of rows) if (row[column]) counts.set(row[column], (counts.get(row[column]) || 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([label]) => label);
}

function mergeWhere(usual, where) {
  const named = new Set(Object.keys(where).map((column) => column.replace(/!$/, "")));
  const kept = Object.entries(usual).filter(([column]) => !named.has(column.replace(/!$/, "")));
  return [...kept, ...Object.entries(where)].map(([column, wanted]) => [column, [].concat(wanted)]);
}

function matches(row, conditions) {
  return conditions.every(([column, wanted]) =>
    column.endsWith("!") ? !wanted.includes(row[column.slice(0, -1)]) : wanted.includes(row[column]));
}

/** The best dense rate of each device in these formats, of equal rates the narrowest; none of a device whose
    rate in them is not known. */
function bestOfEachDevice(rows, formats, unrated) {
  const best = new Map();
  for (const row of rows) {
    if (row.sparsity !== "dense" || !formats.includes(row.precision) || unrated.has(row.name)) continue;
    const other = best.get(row.name);
    const narrower = other && row.value === other.value && data.bits[row.precision] < data.bits[other.precision];
    if (!other || row.value > other.value || narrower) best.set(row.name, row);
  }
  const chosen = new Set(best.values());
  return rows.filter((row) => chosen.has(row));
}

/** The rows that exceeded all earlier ones when they came out; of one day, the best. */
function recordsOf(rows) {
  const records = new Set();
  let highest = 0;
  for (const row of [...rows].sort((a, b) => a.day - b.day || b.value - a.value)) {
    if (row.value > highest) records.add(row);
    highest = Math.max(highest, row.value);
  }
  return rows.filter((row) => records.has(row));
}

const isWithin = (row, { since, until }) => (!since || row.date >= since) && (!until || row.date <= until);

/** The conditions of a gap, with the devices that it is of where they and the series leave that open. */
function populate(dataset, both, where) {
  const named = new Set(Object.keys(where).map((column) => column.replace(/!$/, "")));
  const ofLinks = (series) => series.columns.scope && String(where.scope) !== "device";
  const open = dataset === data.defaultDataset && both.every((each) => each.columns.segment && !ofLinks(each)) &&
    !data.narrower.some((column) => named.has(column));
  if (!open) return where;
  const usual = Object.entries(data.population).filter(([column]) => !named.has(column.replace(/!$/, "")));
  return { ...where, ...Object.fromEntries(usual) };
}

/** The devices among the rows of both, with the ratio of their highest values, at the date of the first. */
function pairDevices(above, below) {
  const highest = (rows) => {
    const best = new Map();
    for (const row of rows) {
      if (!best.has(row.name) || row.value >= best.get(row.name).value) best.set(row.name, row);
    }
    return best;
  };
  const bottom = highest(below);
  return [...highest(above).values()].filter((row) => bottom.has(row.name))
    .map((row) => ({ ...row, value: row.value / bottom.get(row.name).value, top: row, bottom: bottom.get(row.name) }));
}

const countDates = (rows) => new Set(rows.map((row) => row.day)).size;
