import { isIPv6, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { nowMs } from '../bytes/clock.js';
import { Problem } from './problem.js';

const WINDOW_MS = 1000;
/** Groups of an IPv6 address that name a network: who has one address of it mostly has all of them. */
const NETWORK_GROUPS = 4;

/** What says how many requests of an address are served. */
export interface Admission {
  /** Whether a request that comes now may be served. */
  admits(socket: Socket): boolean | Promise<boolean>;
}

/** Counts the requests of each address, second by second. */
export class RateLimit implements Admission {
  readonly #most: number;
  readonly #counts = new Map<string, number>();
  #endsMs = 0;

  /** @param most requests of an address in a second */
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether a request that comes now may be served. */
  admits(socket: Socket, now = nowMs()): boolean {
    if (now >= this.#endsMs) {
      this.#counts.clear();
      this.#endsMs = now + WINDOW_MS;
    }
    const network = networkOfSocket(socket);
    const count = (this.#counts.get(network) ?? 0) + 1;
    this.#counts.set(network, count);
    return count <= this.#most;
  }
}

/** Of connections: it takes longer to find out than to count. */
const networks = new WeakMap<Socket, string>();

/** What the requests of a connection are counted as. */
export function networkOfSocket(socket: Socket): string {
  let network = networks.get(socket);
  if (network === undefined) {
    network = networkOf(socket.remoteAddress ?? '');
    networks.set(socket, network);
  }
  return network;
}

/** What an address is counted as: itself, or its network of 64 bits. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head, tail] = address.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const zeros = tail ? Array<string>(8 - head!.length - tail.length).fill('0') : [];
  return [...head!, ...zeros, ...(tail ?? [])].slice(0, NETWORK_GROUPS).join(':');
}

/** Refuses requests beyond the limit, before anything else is done for them. */
export function addRateLimit(app: FastifyInstance, limit: Admission): void {
  app.addHook('onRequest', (request, reply, done) => {
    const conclude = (isAdmitted: boolean) => {
      if (isAdmitted) return done();
      reply.header('retry-after', '1');
      done(tooMany());
    };
    const isAdmitted = limit.admits(request.raw.socket);
    if (typeof isAdmitted === 'boolean') conclude(isAdmitted);
    else void isAdmitted.then(conclude);
  });
}

function tooMany(): Problem {
  return new Problem(
    429,
    'RATE_LIMITED',
    'there are too many requests from this address',
    'Try again in a second.',
  );
}
