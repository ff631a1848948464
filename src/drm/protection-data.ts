/**
 * What a protection system puts into a `pssh` box (ISO/IEC 23001-7 8.1), as a plain value: the box itself is
 * built from it elsewhere.
 */
export interface ProtectionData {
  /** SystemID as UUID text. */
  readonly systemId: string;
  /** KIDs as UUID text, listed by a version 1 box; none means a version 0 box. */
  readonly keyIds: readonly string[];
  /** The system's own data; may be empty. */
  readonly data: Uint8Array;
}
