#!/usr/bin/env node
const { loadProgram } = require('./load-program.js');

const STILL_WAITING = 13; // as Node ends when a module waits for what never comes
let hasEnded = false;
process.once('exit', (exitCode) => {
  if (!hasEnded && exitCode === 0) process.exitCode = STILL_WAITING;
});

const { main } = loadProgram('main.cjs');
main(process.argv.slice(2)).then(() => {
  hasEnded = true;
});
