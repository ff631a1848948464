import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PrpackError } from '../errors.js';
import type { AuditBacklog } from '../keystore/read-audit.js';
import { Problem } from './problem.js';

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where a log goes, and what of it. */
export interface LogTarget {
  readonly level: LogLevel;
  readonly stream: { write(line: string): void };
  /** Stand in each line, such as the id of the process. */
  readonly fields?: Readonly<Record<string, string | number>>;
}

/** Levels as the lines of the log have them. */
const LEVEL_NUMBERS: Readonly<Record<LogLevel, number>> = {
  silent: Number.POSITIVE_INFINITY,
  error: 50,
  warn: 40,
  info: 30,
  debug: 20,
  trace: 10,
};

/** One line, without the logger of a server, which takes longer over it. */
export function logLine(
  target: LogTarget,
  level: Exclude<LogLevel, 'silent'>,
  fields: object,
  msg: string,
): void {
  if (LEVEL_NUMBERS[level] < LEVEL_NUMBERS[target.level]) return;
  const line = { level: LEVEL_NUMBERS[level], time: Date.now(), ...target.fields, ...fields, msg };
  target.stream.write(`${JSON.stringify(line)}\n`);
}

/**
 * How things are written to the log. Bodies, headers and URLs never are, for keys and tokens stand in them: a request is its id, its method
 * and the pattern of its route.
 */
export const SERIALIZERS = {
  req: ({ id, method }: { id?: string; method?: string }) => ({ id, method }),
  res: ({ statusCode }: { statusCode?: number }) => ({ statusCode }),
  err: describeError,
};

/** An error without whatever else hangs on it: that of a connection carries the bytes of the request. */
export function describeError(error: unknown): object {
  if (error instanceof Problem) return error.body;
  if (error instanceof PrpackError) return { ...error.toJSON(), cause: causeOf(error) };
  if (!(error instanceof Error)) return { type: typeof error };
  return { type: error.name, code: (error as NodeJS.ErrnoException).code, stack: error.stack };
}

function causeOf({ cause }: PrpackError): string | undefined {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : undefined;
}

/** Lines of the audit that could not be written, and that they were after all. */
export function logAuditBacklog({ log }: FastifyInstance, { waiting, lost, problem }: AuditBacklog): void {
  if (problem) log.error({ waiting, lost, err: problem }, 'lines of the audit cannot be written');
  else log.info({ lost }, 'the lines of the audit that waited are written');
}

/** One line a request. */
export function logResponse(target: LogTarget, request: FastifyRequest, reply: FastifyReply): void {
  logLine(
    target,
    'info',
    {
      reqId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      address: request.ip,
      ...(request.principal && { actor: request.principal.actor }),
    },
    'served',
  );
}

/** What a line is made of: fields or an error, and words. */
type Line = [first: object | string, ...rest: string[]];

/** The log of one request: that of the server, with the id of the request in each line. To make a logger of pino takes longer than to write a line. */
export function requestLogger(log: FastifyBaseLogger, bindings: object): FastifyBaseLogger {
  return new RequestLogger(log, bindings) as FastifyBaseLogger;
}

class RequestLogger {
  readonly #log: FastifyBaseLogger;
  readonly #bindings: object;

  constructor(log: FastifyBaseLogger, bindings: object) {
    this.#log = log;
    this.#bindings = bindings;
  }

  get level(): string {
    return this.#log.level;
  }

  child(bindings: object): RequestLogger {
    return new RequestLogger(this.#log, { ...this.#bindings, ...bindings });
  }

  trace(...line: Line): void {
    this.#log.trace(...this.#bound(line));
  }

  debug(...line: Line): void {
    this.#log.debug(...this.#bound(line));
  }

  info(...line: Line): void {
    this.#log.info(...this.#bound(line));
  }

  warn(...line: Line): void {
    this.#log.warn(...this.#bound(line));
  }

  error(...line: Line): void {
    this.#log.error(...this.#bound(line));
  }

  fatal(...line: Line): void {
    this.#log.fatal(...this.#bound(line));
  }

  silent(): void {}

  #bound([first, ...rest]: Line): [object, ...string[]] {
    if (typeof first === 'string') return [this.#bindings, first, ...rest];
    return [{ ...this.#bindings, ...(first instanceof Error ? { err: first } : first) }, ...rest];
  }
}
