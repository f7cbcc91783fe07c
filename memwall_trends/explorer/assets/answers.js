// What the state asks, answered: lines through the rows that count, their growth, and where they lead.

/** The trend of the series: one line, a line a group, or one slope within groups. */
function findTrend() {
  const series = findSeries(state.series, state.dataset);
  const choice = choiceFor(series), chosen = chooseRows(series, choice);
  const way = !state.by ? "one" : state.within ? "within" : "by";
  const answer = { series, way, candidates: chosen.candidates, unit: unitOf(series, chosen.candidates), groups: [], leftOut: [] };
  if (way === "by") Object.assign(answer, fitGroups(series, choice, chosen));
  else {
    const fit = (rows) => fitRows(series, rows, way === "within" ? state.by : "");
    Object.assign(answer, tryFit(() => fit(chosen.counted)), { counted: chosen.counted });
    if (answer.line) {
      answer.growth = growthOf(answer.line, data.period, data.quantiles);
      answer.projection = project(series, chosen.counted, answer.line, fit);
      if (way === "within") answer.groups = listClasses(answer);
    }
  }
  answer.rows = [...answer.counted].sort((a, b) => a.day - b.day || a.value - b.value);
  answer.first = state.axis === "normalised" ? answer.rows[0] : undefined;
  return answer;
}

/** One line a group, the group of most rows first; the groups that cannot be fitted, and why. */
function fitGroups(series, choice, chosen) {
  const labels = groupsOf(chosen.candidates.filter((row) => isWithin(row, choice)), state.by);
  const tried = labels.map((label) => {
    const rows = chooseRows(series, { ...choice, where: { ...choice.where, [state.by]: [label] } }).counted;
    const fit = (some) => fitRows(series, some);
    return { label, rows, fit, ...tryFit(() => fit(rows)) };
  });
  const groups = tried.filter((each) => each.line).map((each) => ({
    ...each, growth: growthOf(each.line, data.period, data.quantiles),
    projection: project(series, each.rows, each.line, each.fit), curve: (year) => each.line.at(year).log,
  }));
  const message = groups.length ? "" : tried.length ? `No group can be fitted; ${tried[0].label}: ${tried[0].message}`
    : tryFit(() => fitRows(series, [])).message;
  return { groups, leftOut: tried.filter((each) => !each.line), counted: groups.flatMap((each) => each.rows), message };
}

/** The classes of a line within them: how far each lies above the average line. */
function listClasses({ line, counted }) {
  const codes = codesOf(counted, state.by);
  return groupsOf(counted, state.by).map((label) => {
    const rows = counted.filter((row) => row[state.by] === label);
    const effect = line.effects[codes[counted.indexOf(rows[0])]] || 0;
    return { label, rows, effect: 10 ** effect, curve: (year) => line.at(year).log + effect };
  });
}

/** The line through rows of a series, as fit_trend finds it where no method is asked for. */
function fitRows(series, rows, within = "") {
  checkRows(series, rows);
  // The devices of the paper's points are guesses. Records have no interval here.
  const alone = series.dataset === data.paper || state.frontier;
  return fitLine(rows, { within, cluster: alone ? "" : findCluster(rows, data) });
}

function checkRows(series, rows) {
  if (rows.length === 0) throw new FitError(`No rows of ${series.name} are left. Choose a wider window or fewer conditions.`);
  const dates = countDates(rows);
  if (dates < data.minDates) {
    throw new FitError(`${series.name}: ${rows.length} row(s) with ${dates} different date(s); expected at least ` +
      `${data.minDates} different dates, or there is no interval.`);
  }
}

function tryFit(fit) {
  const { since, until } = state;
  if (since && until && since > until) {
    return { message: `The window is upside down: it starts on ${since} and ends on ${until}.` };
  }
  try {
    return { line: fit(), message: "" };
  } catch (error) {
    if (error instanceof FitError) return { message: error.message };
    throw error;
  }
}

/** Where a line leads in the year that is asked for, if one is; what the past says is kept, as it takes long. */
function project(series, rows, line, fit) {
  if (!state.at) return undefined;
  const year = Number(state.at), lastDay = Math.max(...rows.map((row) => row.day));
  if (state.frontier) return { year, lastDay, value: 10 ** line.at(year).log };
  const key = JSON.stringify([series.dataset, series.name, state.within && state.by, rows.map((row) => [row.name, row.day, row.value])]);
  if (!project.kept.has(key)) project.kept.set(key, calibrateLeads(rows, fit, data.level, data.quantiles));
  const calibrations = project.kept.get(key);
  return { ...projectLine(line, calibrations, lastDay, year), lastDay, in: (at) => projectLine(line, calibrations, lastDay, at) };
}
project.kept = new Map();

/** The ratio of two series as fit_gap finds it where no way is asked for. */
function findGap() {
  const both = [state.top, state.bottom].map((name) => findSeries(name, state.dataset));
  const rows = both.map((series) => {
    const choice = choiceFor(series);
    return chooseRows(series, { ...choice, where: populate(state.dataset, both, choice.where) }).counted;
  });
  const units = both.map((series, i) => unitOf(series, rows[i]));
  const known = data.ratioUnits.find(([above, below]) => above === units[0] && below === units[1]);
  const gap = { both, rows, unit: known ? known[2] : units.join(" per "), points: [], counted: [] };
  return { ...gap, ...(state.top === state.bottom ? { message: "A gap needs two different series." } : divide(both, rows)) };
}

function divide(both, rows) {
  const checked = rows.map((each, i) => tryFit(() => checkRows(both[i], each))).find(({ message }) => message);
  if (checked) return { message: checked.message };
  const pairs = pairDevices(...rows);
  if (!state.frontier && pairs.length >= data.fewDevices) {
    if (countDates(pairs) < data.minDates) {
      return { points: pairs, message: `${pairs.length} devices of the choice report both, on too few dates; in a terminal, --way ratio fits two trends.` };
    }
    return { way: "device", points: pairs, counted: pairs, count: pairs.length, ...tryFit(() => fitRows(both[0], pairs)) };
  }
  const fits = rows.map((each, i) => tryFit(() => fitRows(both[i], each)));
  const failed = fits.find((fit) => fit.message);
  if (failed) return { message: failed.message };
  const days = rows.map((each) => each.map((row) => row.day));
  const span = [Math.max(...days.map((each) => Math.min(...each))), Math.min(...days.map((each) => Math.max(...each)))];
  // A line is never without points: where no device reports both, those of one over the trend of the other.
  const [, { line: below }] = fits;
  const over = rows[0].map((row) => ({ ...row, value: row.value / 10 ** below.at(decimalYear(row.day)).log, top: row }));
  return {
    way: "ratio", points: pairs.length ? pairs : over, pairs: pairs.length, count: rows[0].length + rows[1].length,
    line: ratioOfLines(fits[0].line, below), span: span[0] < span[1] ? span : [Math.min(...days.flat()), Math.max(...days.flat())],
  };
}

function describeWay({ way, points, pairs, rows, both }) {
  const shown = pairs ? "Grey: the devices that report both." : `Grey: the devices of ${both[0].title} over the trend of ${both[1].title}.`;
  if (way === "device") return `Trend of the ratio of each of the ${points.length} devices that report both.`;
  if (state.frontier) {
    return "Ratio of two fitted trends, records only. No interval here: a t interval of records holds too rarely; " +
      `the command below draws devices again and prints one. ${shown}`;
  }
  return `Ratio of two fitted trends (${rows[0].length} and ${rows[1].length} rows): ${pairs} device(s) report both, ` +
    `and fewer than ${data.fewDevices} do not stand for all. ${shown}`;
}
