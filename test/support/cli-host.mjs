// Runs the command line again and again in one process, which has loaded it once: see cli-host.ts. A message has arguments, environment
// and working directory; the answer has the exit code and what was written.

import { loadProgram } from '../../bin/load-program.js';

const { main } = loadProgram('main.cjs');

let written = { stdout: [], stderr: [] };

for (const name of ['stdout', 'stderr']) {
  process[name].setMaxListeners(0);
  process[name].write = (chunk, encoding, done) => {
    written[name].push(Buffer.from(chunk, typeof encoding === 'string' ? encoding : undefined));
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback) process.nextTick(callback);
    return true;
  };
}

const exit = process.exit;
/** The program ends itself after an exception that nobody caught: the next run has a new process. */
process.exit = (exitCode) => {
  process.send(answerOf(exitCode), () => exit(0));
};

process.on('message', async ({ args, env, cwd }) => {
  for (const name of Object.keys(process.env)) if (!Object.hasOwn(env, name)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  process.exitCode = undefined;
  written = { stdout: [], stderr: [] };
  await main(args);
  for (const event of ['uncaughtException', 'SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(event);
  process.send(answerOf(process.exitCode));
});
process.on('disconnect', () => exit(0));

function answerOf(exitCode) {
  const { stdout, stderr } = written;
  return {
    exitCode: Number(exitCode ?? 0),
    stdout: Buffer.concat(stdout).toString('utf8'),
    stderr: Buffer.concat(stderr).toString('utf8'),
  };
}
