// Rounds of measurements, their medians, and how they are printed.

import { loadavg } from 'node:os';
import { print } from './support.mjs';

export function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/** Median and least of each quantity of these results, such as `{ wall: 1.2, cpu: 2.0 }`. */
export function summarize(results) {
  const quantities = Object.keys(results[0]).map((name) => {
    const values = results.map((result) => result[name]);
    return [name, { median: median(values), least: Math.min(...values) }];
  });
  return Object.fromEntries(quantities);
}

/**
 * Measures all rows once a round, in turn, so that what else the machine does meets each of them.
 * @param rows of `name` and `measure(round)`; one with `isPeer` that fails is left out and named
 * @returns name to medians and least values, in the order of the rows
 */
export async function inTurn(rows, rounds) {
  const results = new Map(rows.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, measure, isPeer } of rows) {
      if (!results.has(name)) continue;
      try {
        results.get(name).push(await measure(round));
      } catch (error) {
        if (!isPeer) throw error;
        results.delete(name);
        print(`(${name} is left out: ${error.message})`);
      }
    }
  }
  return new Map([...results].map(([name, all]) => [name, summarize(all)]));
}

/** The first cell of a row stands left, all others right. */
export function printTable(columns, rows) {
  const widths = columns.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  for (const row of [columns, ...rows]) {
    print(row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '));
  }
}

/** Quantities of a measurement: how a table calls them, and digits in each unit. */
const QUANTITIES = [
  { name: 'wall', title: 'wall' },
  { name: 'cpu', title: 'CPU' },
];
const UNITS = {
  s: { factor: 1, digits: 2 },
  ms: { factor: 1000, digits: 1 },
};

/**
 * A table of what `inTurn` returns: medians, least values, and ratios of medians to those of the base rows.
 * @param bases names of rows; peak memory is compared with the first of them only
 * @param unit `s` or `ms`, for a row or for what `per` names
 */
export function printResults(results, { bases, unit = 's', per = '' }) {
  const present = bases.filter((name) => results.has(name));
  const { factor, digits } = UNITS[unit];
  const ratios = present.map((base) => `× ${base}`);
  const columns = QUANTITIES.flatMap(({ title }) => [`${title} ${unit}${per}`, 'least', ...ratios]);
  const over = (value, base, quantity) => (value / results.get(base)[quantity].median).toFixed(2);
  const rows = [...results].map(([name, row]) => [
    name,
    ...QUANTITIES.flatMap(({ name: quantity }) => [
      (row[quantity].median * factor).toFixed(digits),
      (row[quantity].least * factor).toFixed(digits),
      ...present.map((base) => over(row[quantity].median, base, quantity)),
    ]),
    row.mb.median.toFixed(0),
    ...present.slice(0, 1).map((base) => over(row.mb.median, base, 'mb')),
  ]);
  printTable(['program', ...columns, 'peak MB', ...ratios.slice(0, 1)], rows);
}

export function printTitle(title) {
  print(`\n${title}\n${'='.repeat(title.length)}\n`);
}

export function printLoad() {
  print(`load average ${loadAverage()}\n`);
}

export function loadAverage() {
  return loadavg()
    .map((load) => load.toFixed(1))
    .join(' ');
}

/**
 * Prints measured values next to their bars. A bar is met or not by the value as it is shown.
 * @param bars of `name`, `measured` (not finite where a program was missing), and `atMost` or `atLeast`
 */
export function printBars(bars) {
  if (bars.length === 0) return;
  const rows = bars.map(({ name, measured, atMost, atLeast }) => {
    const shown = Number.isFinite(measured) ? measured.toFixed(2) : 'not measured';
    const isMet = atMost === undefined ? Number(shown) >= atLeast : Number(shown) <= atMost;
    const bar = atMost === undefined ? `≥ ${atLeast.toFixed(2)}` : `≤ ${atMost.toFixed(2)}`;
    return [name, shown, bar, Number.isFinite(measured) ? (isMet ? 'met' : 'NOT met') : ''];
  });
  printTitle('Bars');
  printTable(['name', 'measured', 'bar', ''], rows);
}
