import type { Connections } from '../keystore/postgres/connections.js';
import type { RequestCounts, Slice } from './shared-rate-limit.js';

/** Counts requests in the database of the key store, for all its servers. Where it has no tables yet, nothing can be asked. */
export class PostgresCounts implements RequestCounts {
  readonly #connections: Connections;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  async take(network: string, wanted: number, most: number): Promise<Slice> {
    const [row] = await this.#connections.rows<{ granted: string; ends_in_ms: number }>(
      'select * from prpack.take_requests($1, $2, $3)',
      [network, wanted, most],
      { once: true },
    );
    return { granted: Number(row!.granted), endsInMs: row!.ends_in_ms };
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }
}
