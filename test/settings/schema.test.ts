import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CliCommand } from '../../src/cli/command.js';
import { configureBatch } from '../../src/cli/commands/batch.js';
import { configureEncrypt } from '../../src/cli/commands/encrypt.js';
import { configurePackage } from '../../src/cli/commands/package.js';
import { configJsonSchema, manifestJsonSchema, titleJsonSchema } from '../../src/settings/json-schema.js';
import {
  attributeOf,
  FIELDS,
  MANIFEST_FIELDS,
  SETTINGS,
  TITLE_FIELDS,
  variableOf,
} from '../../src/settings/options.js';
import { ROOT } from '../support/samples.js';

const namesOf = (options: readonly { readonly name: string }[]) => options.map(({ name }) => name);

describe.each([
  ['config', configJsonSchema(), ['$schema', ...namesOf(SETTINGS)]],
  ['manifest', manifestJsonSchema(), namesOf(MANIFEST_FIELDS)],
  ['title', titleJsonSchema(), ['$schema', ...namesOf(TITLE_FIELDS)]],
] as const)('the schema of %s', (what, schema, names) => {
  it('is published as it is; vitest -u writes it again', async () => {
    await expect(`${JSON.stringify(schema, undefined, 2)}\n`).toMatchFileSnapshot(
      join(ROOT, `docs/schema/prpack.${what}.schema.json`),
    );
  });

  it('describes every name', () => {
    const { properties } = schema as { properties: Record<string, { description: string }> };
    expect(Object.keys(properties)).toEqual(names);
    for (const [name, { description }] of Object.entries(properties)) {
      expect(description, name).toMatch(/^\S.*\.$/);
    }
  });
});

describe('settings', () => {
  const optionsOf = (configure: (command: CliCommand) => void) => {
    const command = new CliCommand('command');
    configure(command);
    return command.options.map((option) => option.attributeName());
  };
  const missingIn = (configure: (command: CliCommand) => void) => {
    const options = optionsOf(configure);
    return namesOf(SETTINGS.filter((setting) => !options.includes(attributeOf(setting))));
  };
  /** What only a presentation has. */
  const OF_TITLES = [
    'addressing',
    'trickPlay',
    'segmentDurationSeconds',
    'text',
    'schemes',
    'fairplayUri',
    'smooth',
  ];
  /** What only files have: a presentation has one layout, and one key for each set of tracks. */
  const OF_FILES = ['decryptKeys', 'layout', 'clearLeadSeconds', 'cryptoPeriodSeconds'];

  it.each<[string, (command: CliCommand) => void, string[]]>([
    ['encrypt', configureEncrypt, ['queue', 'metrics', ...OF_TITLES]],
    ['batch', configureBatch, OF_TITLES],
    ['package', configurePackage, ['queue', 'metrics', ...OF_FILES]],
  ])('have an option of %s each, but for what it cannot have', (_, configure, others) => {
    expect(missingIn(configure)).toEqual(others);
  });

  it.each<[string, unknown, unknown]>([
    ['laUrl', 'https://drm.example/rm.asmx?a=1', 'drm.example'],
    ['ivSize', 16, 12],
    ['ivSize', 8, '8'],
    ['fragmentDurationSeconds', 4.004, 0],
    ['systems', ['playready', 'widevine'], []],
    ['systems', ['common'], 'common'],
    ['dsId', 'EBESExQVFhcYGRobHB0eHw==', 'AAAA'],
    ['reserveLicenseStoreBytes', 15_360, 15_361],
    ['keyStore', 'sqlite:keys.sqlite', 'keys.sqlite'],
    ['customAttributes', '@a.xml', '<a/>'],
    ['register', false, 'no'],
    ['segmentDurationSeconds', 6.006, 3601],
    ['fairplayUri', 'skd://drm.example/{kid}', 'drm.example/{kid}'],
    ['smooth', true, 'yes'],
  ])('%s can be %j, and not %j', (name, good, bad) => {
    const { kind, written = kind } = SETTINGS.find((setting) => setting.name === name)!;
    expect([good, bad].map(written.fits)).toEqual([true, false]);
  });
});

describe('variableOf', () => {
  it.each([
    ['laUrl', 'PRPACK_LA_URL'],
    ['keyStore', 'PRPACK_KEY_STORE'],
    ['fragmentDurationSeconds', 'PRPACK_FRAGMENT_DURATION'],
    ['checksum', 'PRPACK_CHECKSUM'],
    ['spekeAuth', undefined],
  ])('%s is %s', (name, variable) => {
    expect(variableOf(SETTINGS.find((setting) => setting.name === name)!)).toBe(variable);
  });
});

describe('docs', () => {
  it('configuration.md lists every setting with its variable', () => {
    const page = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z]\w*)` +\| (?:`(PRPACK_\w+)`)? +\|/gm)];
    expect(rows.map(([, name, variable]) => [name, variable])).toEqual(
      SETTINGS.map((setting) => [setting.name, variableOf(setting)]),
    );
  });

  it('batch.md lists every field of a manifest', () => {
    const page = readFileSync(join(ROOT, 'docs/batch.md'), 'utf8');
    const cells = [...page.matchAll(/^\| ((?:`[a-z]\w*` ?)+)\s*\|/gim)].map(([, cell]) => cell!).join(' ');
    const listed = [...cells.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    expect(namesOf(FIELDS).filter((name) => !listed.includes(name))).toEqual([]);
  });
});
