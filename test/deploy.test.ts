import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as keda from '@kubernetes-models/keda/keda.sh/v1alpha1';
import * as apps from 'kubernetes-models/apps/v1';
import * as batch from 'kubernetes-models/batch/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as core from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { runCli } from './support/cli.js';
import { ROOT } from './support/samples.js';

const read = (path: string) => readFileSync(join(ROOT, 'deploy', path), 'utf8');

interface Container {
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
}

/** The schemas of Kubernetes and KEDA. */
type Schemas = Record<string, new (resource: unknown) => { validate(): void }>;
const SCHEMAS: Readonly<Record<string, unknown>> = {
  v1: core,
  'apps/v1': apps,
  'batch/v1': batch,
  'policy/v1': policy,
  'keda.sh/v1alpha1': keda,
};

describe('Containerfile', () => {
  const instructions = read('Containerfile')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' ')[0]);

  it('consists of instructions, builds from the repository, and does not run as root', () => {
    const known = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'USER', 'ENTRYPOINT', 'CMD'];
    expect(instructions.filter((instruction) => !known.includes(instruction!))).toEqual([]);
    expect(read('Containerfile')).toMatch(/\nUSER node\n(.*\n)*ENTRYPOINT \["prpack"\]\n/);
  });

  it('installs the optional packages in the versions that package.json names', () => {
    const { peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    for (const [name, range] of Object.entries<string>(peerDependencies)) {
      expect(read('Containerfile')).toContain(` ${name}@${/\d+/.exec(range)![0]}`);
    }
  });
});

describe('compose.yaml', () => {
  const { services, secrets, volumes } = parse(read('compose.yaml'), { merge: true });
  const all = Object.entries<Record<string, never>>(services);

  it('names only secrets, volumes and services that it defines', () => {
    const used = (field: string) => all.flatMap(([, service]) => (service[field] ?? []) as string[]);
    expect(new Set(used('secrets'))).toEqual(new Set(Object.keys(secrets)));
    expect(used('volumes').map((volume) => volume.split(':')[0])).toEqual(Object.keys(volumes));
    const awaited = all.flatMap(([, { depends_on: depends = {} }]) => Object.keys(depends));
    expect(awaited.filter((name) => !(name in services))).toEqual([]);
  });

  it.each(all.filter(([, { image }]) => image === 'prpack'))(
    '%s is a command of prpack',
    async (_, { command }) => {
      await expectCommand(command as string[]);
    },
  );
});

describe.each(['serve', 'worker'])('prpack-%s.service', (name) => {
  const unit = read(`systemd/prpack-${name}.service`);

  it('has its sections, and settings in them', () => {
    expect(unit.match(/^\[.*\]$/gm)).toEqual(['[Unit]', '[Service]', '[Install]']);
    const lines = unit.split('\n').filter((line) => !/^$|^#|^\[/.test(line));
    expect(lines.filter((line) => !/^[A-Z][A-Za-z]+=\S/.test(line))).toEqual([]);
  });

  it('starts a command of prpack', async () => {
    const [program, ...args] = /^ExecStart=(.*)$/m.exec(unit)![1]!.split(' ');
    expect(program).toBe('/usr/local/bin/prpack');
    await expectCommand(args);
  });
});

describe.each(['key-server', 'worker', 'batch-job'])('kubernetes/%s.yaml', (name) => {
  const documents = parseAllDocuments(read(`kubernetes/${name}.yaml`));
  const resources = documents.map((document) => document.toJS());
  const pods = resources.flatMap(({ spec }) => spec?.template?.spec ?? []);
  const containers: Container[] = pods.flatMap(({ containers, initContainers = [] }) => [
    ...initContainers,
    ...containers,
  ]);

  it('holds resources by the schemas of Kubernetes and KEDA, each with its name', () => {
    expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
    for (const resource of resources) {
      expect(resource.metadata.name).toEqual(expect.any(String));
      const Resource = (SCHEMAS[resource.apiVersion] as Schemas)[resource.kind]!;
      new Resource(resource).validate();
      expect(() => new Resource({ ...resource, metadata: 'none' }).validate()).toThrow();
    }
  });

  it('mounts only volumes that it has', () => {
    for (const { containers, initContainers = [], volumes } of pods) {
      const mounted = [...containers, ...initContainers].flatMap(({ volumeMounts }) => volumeMounts);
      const names = new Set(mounted.map((mount: { name: string }) => mount.name));
      expect(names).toEqual(new Set(volumes.map((volume: { name: string }) => volume.name)));
    }
  });

  it('runs commands of prpack', async () => {
    for (const { command, args } of containers) {
      const script = command?.[0] === 'sh' ? [...command, ...(args ?? [])].at(-1)! : undefined;
      if (script?.startsWith('prpack ')) await expectCommand(script.split(/\s+/).slice(1));
      else if (script === undefined) await expectCommand(args!);
    }
  });
});

describe('grafana/prpack.json', () => {
  it('shows metrics that the key server, batches and workers have', () => {
    const { panels } = JSON.parse(read('grafana/prpack.json'));
    const source = ['src/server/metrics.ts', 'src/telemetry/metrics.ts']
      .map((path) => readFileSync(join(ROOT, path), 'utf8'))
      .join();
    const expressions = panels.flatMap(({ targets }: { targets: { expr?: string }[] }) =>
      targets.map(({ expr }) => expr ?? ''),
    );
    const names: string[] = expressions.join(' ').match(/prpack_\w+/g) ?? [];
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) expect(source).toContain(`'${name.replace(/_(bucket|count|sum)$/, '')}'`);
  });
});

/** A command line without the program: the command exists, and knows every option. */
async function expectCommand(args: readonly string[]): Promise<void> {
  const { exitCode, stdout } = await runCli([args[0]!, '--help']);
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`Usage: prpack ${args[0]} `);
  for (const flag of args.filter((arg) => arg.startsWith('--'))) expect(stdout).toContain(`  ${flag} `);
}
