import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll } from 'vitest';

const ACCESS_KEY = 'PRPACKTEST';
const SECRET_KEY = 'secret-that-nobody-may-see';

/**
 * A cluster of Ceph on this machine, with one monitor, one store in memory, and the gateway that speaks S3. It has the bucket `media`, which
 * keeps versions, and `out`, which does not.
 */
export class RadosGateway {
  readonly #folder = mkdtempSync(join(tmpdir(), 'prpack-rgw-'));
  readonly #programs: ChildProcess[] = [];
  #port = 0;
  #client!: S3Client;

  async start(): Promise<void> {
    const ports = [await freePort(), await freePort(), await freePort()];
    this.#port = ports[2]!;
    const fsid = randomUUID();
    for (const name of ['mon', 'osd', 'rgw']) mkdirSync(this.#path(name));
    writeFileSync(this.#path('ceph.conf'), configuration(this.#folder, fsid, ports));
    const monitors = `[v2:127.0.0.1:${ports[0]},v1:127.0.0.1:${ports[1]}]`;
    this.#makeKeys();
    this.#run('monmaptool', '--create', '--addv', 'a', monitors, '--fsid', fsid, this.#path('monmap'));
    this.#run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', this.#path('monmap'), ...this.#keyring);
    this.#begin('ceph-mon', '-f', '-i', 'a');
    this.#run('ceph', '--connect-timeout', '30', 'osd', 'create');
    this.#run('ceph-osd', '-i', '0', '--mkfs');
    this.#begin('ceph-osd', '-f', '-i', '0');
    const keys = ['--access-key', ACCESS_KEY, '--secret-key', SECRET_KEY];
    this.#run('radosgw-admin', 'user', 'create', '--uid', 'test', '--display-name', 'test', ...keys);
    this.#begin('radosgw', '-f', '-n', 'client.admin');
    await this.#answers();
    this.#client = new S3Client({
      endpoint: this.environment.AWS_ENDPOINT_URL_S3!,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY },
    });
    for (const Bucket of ['media', 'out']) await this.#client.send(new CreateBucketCommand({ Bucket }));
    const versions = { Bucket: 'media', VersioningConfiguration: { Status: 'Enabled' as const } };
    await this.#client.send(new PutBucketVersioningCommand(versions));
  }

  get client(): S3Client {
    return this.#client;
  }

  /** For processes. */
  get environment(): Readonly<Record<string, string>> {
    return {
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${this.#port}`,
      AWS_ACCESS_KEY_ID: ACCESS_KEY,
      AWS_SECRET_ACCESS_KEY: SECRET_KEY,
      AWS_REGION: 'us-east-1',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    };
  }

  async stop(): Promise<void> {
    this.#client?.destroy();
    for (const program of this.#programs.reverse()) {
      program.kill('SIGKILL'); // nothing of it is to last
      if (program.exitCode === null && program.signalCode === null)
        await new Promise((ended) => program.once('exit', ended));
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #makeKeys(): void {
    const keyring = this.#path('keyring');
    const capabilities: Record<string, string[]> = {
      'mon.': ['mon', 'allow *'],
      'client.admin': ['mon', 'allow *', '--cap', 'osd', 'allow *'],
      'osd.0': ['mon', 'allow profile osd', '--cap', 'osd', 'allow *'],
    };
    writeFileSync(keyring, '');
    for (const [name, caps] of Object.entries(capabilities))
      this.#run('ceph-authtool', keyring, '--gen-key', '-n', name, '--cap', ...caps);
  }

  get #keyring(): string[] {
    return ['--keyring', this.#path('keyring')];
  }

  get #variables(): NodeJS.ProcessEnv {
    return { ...process.env, CEPH_CONF: this.#path('ceph.conf') };
  }

  #run(program: string, ...args: string[]): void {
    execFileSync(program, args, { env: this.#variables, stdio: 'pipe', timeout: 60_000 });
  }

  #begin(program: string, ...args: string[]): void {
    this.#programs.push(spawn(program, args, { env: this.#variables, stdio: 'ignore' }));
  }

  async #answers(): Promise<void> {
    for (let i = 0; i < 120; i++) {
      if (
        await fetch(`http://127.0.0.1:${this.#port}/`).then(
          () => true,
          () => false,
        )
      )
        return;
      await delay(500);
    }
    throw new Error(
      `radosgw does not answer:\n${readFileSync(this.#path('client.admin.log'), 'utf8').slice(-2000)}`,
    );
  }
}

function configuration(folder: string, fsid: string, [v2, v1, gateway]: readonly number[]): string {
  const settings = {
    fsid,
    'mon host': `[v2:127.0.0.1:${v2},v1:127.0.0.1:${v1}]`,
    'osd pool default size': 1,
    'osd pool default min size': 1,
    'osd pool default pg num': 8,
    'osd pool default pg autoscale mode': 'off',
    'osd crush chooseleaf type': 0,
    'mon allow pool size one': true,
    'mon data': join(folder, 'mon'),
    'osd data': join(folder, 'osd'),
    'rgw data': join(folder, 'rgw'),
    'osd objectstore': 'memstore',
    'memstore device bytes': 2 ** 30,
    'rgw frontends': `beast endpoint=127.0.0.1:${gateway}`,
    'rgw dynamic resharding': false,
    keyring: join(folder, 'keyring'),
    'run dir': folder,
    'log file': join(folder, '$name.log'),
    'pid file': join(folder, '$name.pid'),
    'admin socket': join(folder, '$name.asok'),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  return `[global]\n${lines.join('')}`;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** A gateway for the tests of a file. It starts within a quarter of a minute where nothing else runs. */
export function radosGateway(): RadosGateway {
  const gateway = new RadosGateway();
  beforeAll(() => gateway.start(), 120_000);
  afterAll(() => gateway.stop());
  return gateway;
}
