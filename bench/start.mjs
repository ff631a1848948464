// How a benchmark starts: its settings from the command line, the machine and the versions of all programs, tables, and bars.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { printMachine } from './programs.mjs';
import { exitOnSignals, expectBuilt, print, refuse } from './support.mjs';
import { printBars } from './tables.mjs';

/** Runs a benchmark when its module is the program that was started. */
export async function startIfMain(url, benchmark) {
  if (process.argv[1] === fileURLToPath(url)) await startBenchmarks([benchmark]);
}

/**
 * Runs benchmarks one after another. One that fails is reported and makes the exit code 1; the others go on.
 * @param benchmarks of `settings` (name to what is usual), `quick` (what a quick run has in their place), and `run`, which takes
 *   settings, prints tables and returns bars
 */
export async function startBenchmarks(benchmarks) {
  const given = readSettings(benchmarks);
  expectBuilt();
  exitOnSignals();
  printMachine();
  if (given.quick) print('\na quick run: figures and bars mean nothing');
  const bars = [];
  for (const benchmark of benchmarks) {
    try {
      bars.push(...(await benchmark.run(settingsOf(benchmark, given))));
    } catch (error) {
      process.stderr.write(`${error.stack}\n`);
      process.exitCode = 1;
    }
  }
  printBars(bars);
}

/** Settings of a benchmark that every one has. */
const COMMON = { folder: '' };

/**
 * Settings from the command line: those of all these benchmarks, which are named by their `settings`, as numbers or text, and
 * `--quick`. Only what is given.
 */
function readSettings(benchmarks) {
  const known = Object.assign({}, COMMON, ...benchmarks.map(({ settings }) => settings));
  const options = { quick: { type: 'boolean' } };
  for (const name of Object.keys(known)) options[name] = { type: 'string' };
  const { values } = parseArgs({ options });
  for (const [name, value] of Object.entries(values)) {
    if (typeof known[name] === 'number') values[name] = positive(name, value);
  }
  return values;
}

function positive(name, value) {
  return Number(value) > 0 ? Number(value) : refuse(`--${name} takes a number above 0, not ${value}`);
}

/** Settings of one benchmark: what is given, else what a quick run takes, else what is usual. */
function settingsOf({ settings, quick }, given) {
  return { ...COMMON, ...settings, ...(given.quick && quick), ...given };
}
