import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type FileSequence, fileSequence, SequenceSource } from '../file-sequence.js';
import { outputFailure } from '../write.js';

/** A file of a folder, whose size is known before its first byte is written. */
export interface PlannedFile {
  /** Within the folder. */
  readonly name: string;
  readonly sizeBytes: number;
}

/** A new folder under a name of its own, until it gets that of the output. Its files hold one run of bytes, one after the other. */
export class StagedFolder {
  /** Of the output, for messages. */
  readonly path: string;
  /** Where the files are. */
  readonly temporaryPath: string;
  /** What threads write by, until the folder is committed or aborted. */
  readonly handle: FileSequence;

  /** @throws PrpackError OUTPUT_FAILED */
  constructor(path: string, temporaryPath: string, files: readonly PlannedFile[]) {
    this.path = path;
    this.temporaryPath = temporaryPath;
    this.handle = fileSequence(
      path,
      files.map(({ name }) => join(temporaryPath, name)),
      files.map(({ sizeBytes }) => sizeBytes),
    );
    try {
      mkdirSync(temporaryPath);
    } catch (cause) {
      throw outputFailure(path, 'cannot be created', cause);
    }
  }

  /**
   * All that was written, as one; the caller closes it.
   * @throws PrpackError INPUT_NOT_FOUND when a file is missing
   */
  reopen(): SequenceSource {
    return new SequenceSource(this.path, this.handle.files);
  }
}
