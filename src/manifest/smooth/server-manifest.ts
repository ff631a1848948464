import { element, type XmlTree, xmlDocument } from '../dash/xml.js';
import type { SmoothPresentation, SmoothStream } from './presentation.js';

/**
 * The server manifest, by which an origin finds the file of each level (SMIL 2.0, as IIS Media Services reads it).
 * @param clientManifestUri of the client manifest, next to it
 */
export function writeServerManifest({ streams }: SmoothPresentation, clientManifestUri: string): string {
  return xmlDocument(
    element(
      'smil',
      { xmlns: 'http://www.w3.org/2001/SMIL20/Language' },
      element(
        'head',
        {},
        element('meta', { name: 'clientManifestRelativePath', content: clientManifestUri }),
      ),
      element('body', {}, element('switch', {}, ...streams.flatMap(mediaOf))),
    ),
  );
}

function mediaOf({ type, name, language, levels }: SmoothStream): XmlTree[] {
  return levels.flatMap(({ bitsPerSecond, file }) =>
    file
      ? element(
          type,
          { src: file.uri, systemBitrate: bitsPerSecond, systemLanguage: language },
          parameter('trackID', file.trackId),
          parameter('trackName', name),
        )
      : [],
  );
}

function parameter(name: string, value: string | number): XmlTree {
  return element('param', { name, value, valuetype: 'data' });
}
