// s3rver in a process of its own, with the buckets `media` and `out`; it says its port.
//
//   node bench/s3-server.mjs folder

import { mkdirSync } from 'node:fs';
import S3rver from 's3rver';

const [directory] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });
const configureBuckets = [{ name: 'media' }, { name: 'out' }];
const server = new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory, configureBuckets });
const { port } = await server.run();
process.stdout.write(`${port}\n`);
