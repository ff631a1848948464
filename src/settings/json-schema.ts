import { MANIFEST_FIELDS, SETTINGS, TITLE_FIELDS } from './options.js';

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** What a configuration file may hold, as docs/schema/prpack.config.schema.json publishes it. */
export function configJsonSchema(): object {
  const properties = SETTINGS.map(({ name, kind, written, about }) => [
    name,
    { ...(written ?? kind).schema, description: about },
  ]);
  return {
    $schema: DIALECT,
    type: 'object',
    properties: {
      $schema: { type: 'string', description: 'Address of this schema, for editors.' },
      ...Object.fromEntries(properties),
    },
    additionalProperties: false,
    title: 'prpack configuration',
    description: 'prpack.config.json, prpack.config.yaml, or the default export of prpack.config.js',
  };
}

/** What a line of a batch manifest may hold, as docs/schema/prpack.manifest.schema.json publishes it. */
export function manifestJsonSchema(): object {
  return {
    $schema: DIALECT,
    type: 'object',
    properties: propertiesOf(MANIFEST_FIELDS),
    anyOf: ['input', 'title', 'inputs'].map((name) => ({ required: [name] })),
    additionalProperties: false,
    title: 'prpack manifest',
    description: 'A line of a batch manifest',
  };
}

/** What a title file may hold, as docs/schema/prpack.title.schema.json publishes it. */
export function titleJsonSchema(): object {
  return {
    $schema: DIALECT,
    type: 'object',
    properties: {
      $schema: { type: 'string', description: 'Address of this schema, for editors.' },
      ...propertiesOf(TITLE_FIELDS),
    },
    required: ['inputs'],
    additionalProperties: false,
    title: 'prpack title',
    description: 'A title for prpack package: its inputs, and how they are packaged',
  };
}

function propertiesOf(fields: typeof MANIFEST_FIELDS | typeof TITLE_FIELDS): object {
  const properties = fields.map(({ name, kind, inTitle = kind, about, aboutField }) => [
    name,
    { ...inTitle.schema, description: aboutField ?? about },
  ]);
  return Object.fromEntries(properties);
}
