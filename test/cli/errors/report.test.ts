import { describe, expect, it } from 'vitest';
import { errorReport } from '../../../src/cli/errors/report.js';
import { formatError } from '../../../src/cli/output/error-text.js';
import { PLAIN } from '../../../src/cli/output/style.js';
import { PrpackError } from '../../../src/errors.js';

const same = (text: string) => text;

describe('errorReport', () => {
  it('is code, message and details of a PrpackError', () => {
    const error = new PrpackError('MALFORMED_INPUT', 'ends too early', {
      boxPath: 'moov/trak[1]',
      offsetBytes: 12,
      remedy: 'Repair it.',
    });
    expect(errorReport(error, [], same)).toEqual({
      code: 'MALFORMED_INPUT',
      message: 'ends too early',
      boxPath: 'moov/trak[1]',
      offsetBytes: 12,
      remedy: 'Repair it.',
    });
  });

  it('says what to report of a defect, without any value of the command line', () => {
    const argv = ['encrypt', 'private.mp4', 'out.mp4', '--content-id=secret-film', '--layout', 'keep', '-x'];
    const { code, message, report } = errorReport(new TypeError('x is undefined'), argv, same);
    expect({ code, message }).toEqual({ code: 'INTERNAL', message: 'unexpected failure: x is undefined' });
    expect(report).toMatchObject({
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      command: 'prpack encrypt --content-id=… --layout',
    });
    expect(report!.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(report!.stack).toContain('TypeError: x is undefined\n    at ');
  });

  it('names both words of a pssh command', () => {
    const { report } = errorReport('thrown text', ['pssh', 'parse', 'AAAA'], same);
    expect(report!.command).toBe('prpack pssh parse');
    expect(report!.stack).toContain('unexpected failure: thrown text');
  });

  it('takes the error of an AbortSignal for an interruption', () => {
    const controller = new AbortController();
    controller.abort();
    expect(errorReport(controller.signal.reason, [], same).code).toBe('ABORTED');
  });

  it('redacts every text, however deep', () => {
    const error = new Error('key 1234');
    const report = errorReport(error, [], (text) => text.replaceAll('1234', '####'));
    expect(JSON.stringify(report)).not.toContain('1234');
    expect(report.report!.stack).toContain('key ####');
  });
});

describe('formatError', () => {
  it('tells the story once: message, place, rule, next step', () => {
    const text = formatError(
      {
        code: 'MALFORMED_INPUT',
        message: 'moov/trak[1]/tkhd: ends too early',
        path: 'in.mp4',
        boxPath: 'moov/trak[1]/tkhd',
        offsetBytes: 4096,
        expected: 4,
        received: 2,
        clause: 'ISO/IEC 14496-12 8.3.2',
        remedy: 'Repair it.',
      },
      PLAIN,
    );
    expect(text).toBe(
      [
        'error: moov/trak[1]/tkhd: ends too early [MALFORMED_INPUT]',
        '  file      in.mp4',
        '  offset    4096',
        '  expected  4',
        '  received  2',
        '  rule      ISO/IEC 14496-12 8.3.2',
        '  next      Repair it.',
        '',
      ].join('\n'),
    );
  });

  it('does not let a file write control sequences to the terminal', () => {
    const text = formatError({ code: 'NOT_MP4', message: 'box \u001b[2Jevil', remedy: 'a\u0007b' }, PLAIN);
    expect(text).toContain('box \\u001b[2Jevil');
    expect(text).toContain('a\\u0007b');
  });
});
