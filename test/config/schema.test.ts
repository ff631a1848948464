import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CliCommand } from '../../src/cli/command.js';
import { configureEncrypt } from '../../src/cli/commands/encrypt.js';
import { SECRET_VARIABLES, SETTING_NAMES, variableOf } from '../../src/config/names.js';
import { CONFIG_SCHEMA, configJsonSchema } from '../../src/config/schema.js';
import { ROOT } from '../support/samples.js';

describe('the schema of configuration files', () => {
  it('is published as it is; vitest -u writes it anew', async () => {
    await expect(`${JSON.stringify(configJsonSchema(), undefined, 2)}\n`).toMatchFileSnapshot(
      join(ROOT, 'docs/schema/prpack.config.schema.json'),
    );
  });

  it('describes every setting', () => {
    const { properties } = configJsonSchema() as { properties: Record<string, { description: string }> };
    expect(Object.keys(properties)).toEqual(['$schema', ...SETTING_NAMES]);
    for (const [name, { description }] of Object.entries(properties)) {
      expect(description, name).toMatch(/^\S.*\.$/);
    }
  });

  it('has no setting without an option of encrypt', () => {
    const command = new CliCommand('encrypt');
    configureEncrypt(command);
    const options = command.options.map((option) => option.attributeName());
    expect(SETTING_NAMES.filter((name) => !options.includes(name))).toEqual([]);
  });

  it.each<[string, unknown, unknown]>([
    ['laUrl', 'https://drm.example/rm.asmx?a=1', 'drm.example'],
    ['ivSize', 16, 12],
    ['ivSize', 8, '8'],
    ['fragmentDuration', 4.004, 0],
    ['systems', ['playready', 'widevine'], []],
    ['systems', ['common'], 'common'],
    ['dsId', 'EBESExQVFhcYGRobHB0eHw==', 'AAAA'],
    ['reserveLicenseStore', 15_360, 15_361],
    ['keyStore', 'sqlite:keys.sqlite', 'keys.sqlite'],
    ['customAttributes', '@a.xml', '<a/>'],
    ['register', false, 'no'],
  ])('takes %s: %j, and not %j', (name, good, bad) => {
    expect(CONFIG_SCHEMA.safeParse({ [name]: good }).success).toBe(true);
    expect(CONFIG_SCHEMA.safeParse({ [name]: bad }).success).toBe(false);
  });
});

describe('variableOf', () => {
  it.each([
    ['laUrl', 'PRPACK_LA_URL'],
    ['keyStore', 'PRPACK_KEY_STORE'],
    ['layout', 'PRPACK_LAYOUT'],
  ] as const)('%s is %s', (name, variable) => expect(variableOf(name)).toBe(variable));
});

describe('docs/configuration.md', () => {
  it('lists every setting with its variable', () => {
    const page = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z]\w*)` +\| (?:`(PRPACK_\w+)`)? +\|/gm)];
    const expected = SETTING_NAMES.map((name) => {
      const variable = variableOf(name);
      return [name, SECRET_VARIABLES.includes(variable) ? undefined : variable];
    });
    expect(rows.map(([, name, variable]) => [name, variable])).toEqual(expected);
  });
});
