import type { HttpLocation } from '../http/location.js';
import type { S3Location } from '../s3/location.js';

/** Where bytes are to be had by ranges, as plain data that a thread can be sent. */
export type RemoteLocation = HttpLocation | S3Location;

/** Blocks that are kept in memory, by the kind of server. */
export const SLOTS: Readonly<Record<RemoteLocation['kind'], number>> = { http: 64, s3: 192 };
