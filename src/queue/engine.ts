import type { Processor, Queue, Worker, WorkerOptions } from 'bullmq';
import { PrpackError } from '../errors.js';
import type { ResultLine } from '../packager/batch/types.js';
import type { JobData } from './job-data.js';

/** The queue of all jobs, in BullMQ. */
export type JobQueue = Queue<JobData, ResultLine>;

/** What takes jobs from it. */
export type JobWorker = Worker<JobData, ResultLine>;
export type WorkerSettings = Omit<WorkerOptions, 'connection'>;
type Process = Processor<JobData, ResultLine>;

/** An engine of queues that runs, where one queue has the jobs of all batches. */
export interface Engine {
  /** Where it is, for messages; without user and password. */
  readonly location: string;
  /**
   * @throws PrpackError QUEUE_FAILED when it cannot be reached
   */
  openQueue(): Promise<JobQueue>;
  startWorker(process: Process, settings: WorkerSettings): JobWorker;
  /** From now on what is asked of an engine that is away fails, where it would wait for its return. */
  giveUp(): void;
}

type Bull = typeof import('bullmq');

/** Name of the queue in the engine, and of the schema that it has in PostgreSQL. */
const QUEUE_NAME = 'prpack';
const SCHEMA = 'prpack_queue';
/** The engine is waited for so long when it is first used, in milliseconds. */
const CONNECT_TIMEOUT_MS = 15_000;
/** A statement whose answer is lost fails after so long, in milliseconds. */
const QUERY_TIMEOUT_MS = 60_000;
/** A Redis that is away is called again after so long, in milliseconds. */
const REDIS_RECONNECT_MS = 1000;
/** A connection to Redis that is idle is tried after so long, in milliseconds. */
const REDIS_KEEP_ALIVE_MS = 10_000;

/**
 * What a worker tells PostgreSQL is kept within a second. A crash of the server in between costs that the job is done once more, which comes
 * to the same; what a batch takes out of the queue waits for the disk, and with it all that was told before.
 */
const NO_WAIT_FOR_DISK = '-c synchronous_commit=off';

/** How BullMQ connects, by the scheme of the location. */
const OPENERS: Readonly<Record<string, (url: string, bull: Bull) => Promise<Constructors>>> = {
  'postgres:': openPostgres,
  'postgresql:': openPostgres,
  'redis:': openRedis,
  'rediss:': openRedis,
};

interface Constructors {
  readonly queue: () => unknown;
  readonly worker: (process: Process, settings: WorkerSettings) => unknown;
  readonly giveUp: () => void;
}

/**
 * Loads what talks to the engine at a location. Nothing is connected before it is used.
 * @throws PrpackError INVALID_ARGUMENT for a location that is none; QUEUE_FAILED when a package is not installed
 */
export async function openEngine(url: string): Promise<Engine> {
  const opener = URL.canParse(url) ? OPENERS[new URL(url).protocol] : undefined;
  if (!opener) throw noLocation();
  const bull = await loadPackage('bullmq', () => import('bullmq'));
  const { queue, worker, giveUp } = await opener(url, bull);
  const location = describeLocation(url);
  return {
    location,
    openQueue: () => connected(queue() as JobQueue, location),
    startWorker: (process, settings) => worker(process, settings) as JobWorker,
    giveUp,
  };
}

async function openPostgres(
  url: string,
  { withBackend, createPostgresBackend }: Bull,
): Promise<Constructors> {
  const { Client } = await loadPackage('pg', () => import('pg'));
  // What happens to a connection is told by what is done on it. BullMQ does not listen while it has one in hand, and an event of
  // this name without a listener ends the process.
  class HeardClient extends Client {
    constructor(settings?: ConstructorParameters<typeof Client>[0]) {
      super(settings);
      this.on('error', () => {});
    }
  }
  const bound = withBackend(createPostgresBackend);
  const connection = {
    connectionString: url,
    Client: HeardClient,
    schema: SCHEMA,
    migrate: true,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
  };
  const ofWorker = { ...connection, options: NO_WAIT_FOR_DISK };
  return {
    queue: () => new bound.Queue(QUEUE_NAME, { connection }),
    worker: (process, settings) =>
      new bound.Worker(QUEUE_NAME, process, { ...settings, connection: ofWorker }),
    giveUp: () => {}, // a statement fails when there is no connection for it
  };
}

/** BullMQ loads ioredis when it connects. What a worker asks waits for a Redis that is away; what a batch asks fails, and is asked again. */
async function openRedis(url: string, { Queue, Worker }: Bull): Promise<Constructors> {
  let hasGivenUp = false;
  const retryStrategy = () => (hasGivenUp ? null : REDIS_RECONNECT_MS);
  const common = { url, retryStrategy, keepAlive: REDIS_KEEP_ALIVE_MS, connectTimeout: CONNECT_TIMEOUT_MS };
  const ofQueue = { ...common, maxRetriesPerRequest: 1, commandTimeout: QUERY_TIMEOUT_MS };
  const ofWorker = { ...common, maxRetriesPerRequest: null };
  const open = (make: () => unknown) => () => {
    try {
      return make();
    } catch (cause) {
      throw missingPackage('ioredis', cause);
    }
  };
  return {
    queue: open(() => new Queue(QUEUE_NAME, { connection: ofQueue })),
    worker: (process, settings) => new Worker(QUEUE_NAME, process, { ...settings, connection: ofWorker }),
    giveUp: () => {
      hasGivenUp = true;
    },
  };
}

/** The queue, once the engine has answered. */
async function connected(queue: JobQueue, location: string): Promise<JobQueue> {
  let timer: NodeJS.Timeout | undefined;
  const failed = new Promise<never>((_, reject) => {
    queue.on('error', reject); // later ones are met where the queue is used
    timer = setTimeout(() => reject(new Error('no answer')), CONNECT_TIMEOUT_MS);
  });
  try {
    await Promise.race([queue.waitUntilReady(), failed]);
    return queue;
  } catch (cause) {
    queue.close().catch(() => {});
    if (isMissingPackage(cause)) throw missingPackage('ioredis', cause);
    throw queueFailure(location, cause);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The error for an engine that does not do what it is asked for.
 * @param location without credentials
 */
export function queueFailure(location: string, cause: unknown): PrpackError {
  return new PrpackError(
    'QUEUE_FAILED',
    `the queue at ${location} cannot be used: ${reasonOf(cause)}`,
    { remedy: 'Check its address, user and password, and that it runs.' },
    cause,
  );
}

/** Why the engine did not answer, in few words. */
export function reasonOf(cause: unknown): string {
  const { code, message } = cause as { readonly code?: string; readonly message?: string };
  return message || code || 'unknown';
}

async function loadPackage<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw missingPackage(name, cause);
  }
}

/** BullMQ says so in words alone. */
function isMissingPackage(cause: unknown): boolean {
  return cause instanceof Error && !('code' in cause) && cause.message.includes("optional 'ioredis' package");
}

function missingPackage(name: string, cause: unknown): PrpackError {
  return new PrpackError(
    'QUEUE_FAILED',
    `the package ${name}, which talks to the queue, is not installed`,
    { remedy: `Install it next to prpack: npm install ${name}.` },
    cause,
  );
}

/** Of a URL that may hold user and password, what anybody may see. */
function describeLocation(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** The location is not repeated: it may hold a password. */
function noLocation(): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', 'this is not the location of a queue', {
    expected: Object.keys(OPENERS)
      .map((protocol) => `${protocol}//…`)
      .join(', '),
    remedy: 'Give it as postgres://<user>@<host>/<database> or redis://<host>.',
  });
}
