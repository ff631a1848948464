import type { FastifySerializerCompiler } from 'fastify';
import type { z } from 'zod';

/** The JSON text of a value. */
type Write = (value: unknown) => string;

/**
 * Compiles the schema of an answer, once a route, to what writes such answers: fields in the order of the schema, and none that it does
 * not name. Values are not looked at again, for they are the server's own.
 */
export const compileSerializer: FastifySerializerCompiler<z.core.$ZodType> = ({ schema }) => writerOf(schema);

/** Writers of what holds other values; all else is written as it is. */
const WRITERS: Readonly<Record<string, (schema: z.core.$ZodTypes) => Write>> = {
  object: (schema) => objectWriter((schema as z.core.$ZodObject)._zod.def.shape),
  array: (schema) => arrayWriter((schema as z.core.$ZodArray)._zod.def.element),
  optional: (schema) => writerOf((schema as z.core.$ZodOptional)._zod.def.innerType),
};

function writerOf(schema: z.core.$ZodType): Write {
  return WRITERS[schema._zod.def.type]?.(schema as z.core.$ZodTypes) ?? JSON.stringify;
}

function objectWriter(shape: z.core.$ZodShape): Write {
  const fields = Object.entries(shape).map(([name, schema]) => ({
    name,
    start: `${JSON.stringify(name)}:`,
    write: writerOf(schema),
  }));
  return (value) => {
    let text = '';
    for (const { name, start, write } of fields) {
      const field = (value as Record<string, unknown>)[name];
      if (field !== undefined) text += `${text === '' ? '' : ','}${start}${write(field)}`;
    }
    return `{${text}}`;
  };
}

function arrayWriter(element: z.core.$ZodType): Write {
  const write = writerOf(element);
  return (value) => `[${(value as readonly unknown[]).map(write).join(',')}]`;
}
