import { dirname, extname } from 'node:path';
import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { kindOfName, readTextFile } from '../../bytes/files.js';
import { PrpackError } from '../../errors.js';
import { allowedText, type Fault } from '../../settings/check.js';
import { absoluteName } from '../../settings/paths.js';
import { presentableName } from '../../settings/secrets.js';
import { readTitleFields, TITLE_FIELD_NAMES } from './title-fields.js';
import type { TitleOptions } from './types.js';

/** What a file is written in, by its extension. */
const FORMATS: Readonly<Record<string, string>> = { '.yaml': 'YAML', '.yml': 'YAML', '.json': 'JSON' };

/** The work of `readTitleFile`. */
export async function readTitle(path: string): Promise<TitleOptions> {
  const format = FORMATS[extname(path).toLowerCase()];
  if (format === undefined) throw unknownFormat(path);
  if (kindOfName(path) !== 'file') throw notThere(path);
  const text = (await readTextFile(path)).replace(/^\uFEFF/, '');
  const file = new TitleFile(path, text, format);
  const options = readTitleFields(file.value, dirname(absoluteName('', path)));
  if ('problem' in options) throw file.refusal(options as Fault);
  return options;
}

/** The text of a title file, which knows where its fields stand. For that, JSON is read as the YAML that it nearly is. */
class TitleFile {
  /** Without the address of the schema, which is for editors. */
  readonly value: unknown;
  readonly #path: string;
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed;

  constructor(path: string, text: string, format: string) {
    this.#path = path;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    const json = format === 'JSON' ? parseJson(text) : undefined;
    const error = this.#document.errors.find(({ code }) => !json || code === 'DUPLICATE_KEY');
    // The messages of the parser repeat the text, which may hold anything.
    if (error?.code === 'DUPLICATE_KEY')
      throw this.#error(error.pos[0], 'the field is there twice', 'Keep one of them.');
    if (error || (format === 'JSON' && !json))
      throw this.#error(error?.pos[0], `it is not ${format}`, 'Mend it; an editor shows where.');
    this.value = withoutSchema(json ? json.value : this.#valueOf());
  }

  /** The error for what cannot be, with its line. */
  refusal(fault: Fault): PrpackError {
    if (fault.problem === 'shape')
      return this.#error(undefined, 'an object of fields is needed', 'Write inputs: and a list of paths.');
    const parts = fault.name.split('.');
    if (fault.problem === 'unknown') return this.#unknownField(parts, fault.meant);
    const at = this.#offsetOf(fault.problem === 'missing' ? parts.slice(0, -1) : parts);
    const remedy = 'See docs/package.md for what it may be, or let the editor check it with the JSON Schema.';
    return this.#error(at, `${fault.name}: ${allowedText(fault.kind)} is needed`, remedy);
  }

  #unknownField(parts: readonly string[], meant: string | undefined): PrpackError {
    const shown = presentableName(parts.at(-1)!);
    const what = shown === undefined ? 'field with a long name' : `field ${JSON.stringify(shown)}`;
    const question = meant === undefined ? '' : ` (did you mean ${meant}?)`;
    const remedy =
      parts.length > 1
        ? 'An input has path, lang, role and name.'
        : `Fields are: ${TITLE_FIELD_NAMES.join(', ')}.`;
    return this.#error(this.#offsetOf(parts), `there is no ${what}${question}`, remedy);
  }

  #valueOf(): unknown {
    try {
      return this.#document.toJS();
    } catch {
      throw this.#error(undefined, 'its aliases repeat too much', 'Write out what they stand for.');
    }
  }

  /** Where a field stands, or what is nearest above it. */
  #offsetOf(parts: readonly string[]): number | undefined {
    let node: unknown = this.#document.contents;
    let offset = startOf(node);
    for (const part of parts) {
      const pair = isMap(node)
        ? node.items.find(({ key }) => isScalar(key) && key.value === part)
        : undefined;
      const next = pair ? pair.value : isSeq(node) ? node.items[Number(part)] : undefined;
      offset = startOf(pair?.key) ?? startOf(next) ?? offset;
      node = next;
    }
    return offset;
  }

  #error(offset: number | undefined, problem: string, remedy: string): PrpackError {
    const place = offset === undefined ? '' : `, line ${this.#lines.linePos(offset).line}`;
    return new PrpackError('INVALID_ARGUMENT', `${this.#path}${place}: ${problem}`, {
      path: this.#path,
      remedy,
    });
  }
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function withoutSchema(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== '$schema'));
}

function unknownFormat(path: string): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', `${path}: its name says no format of title files`, {
    path,
    expected: Object.keys(FORMATS).join(', '),
    remedy: 'Give the file one of these endings.',
  });
}

function notThere(path: string): PrpackError {
  return new PrpackError('INPUT_NOT_FOUND', `there is no title file ${path}`, {
    path,
    remedy: 'Check its name.',
  });
}
