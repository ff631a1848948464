import { expect, it } from 'vitest';
import { writeServerManifest } from '../../../src/manifest/smooth/server-manifest.js';
import { SMOOTH } from './example.js';

it('leads an origin from the rate of a level to its file', () => {
  expect(writeServerManifest(SMOOTH, 'manifest.ismc')).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<smil xmlns="http://www.w3.org/2001/SMIL20/Language">
  <head>
    <meta name="clientManifestRelativePath" content="manifest.ismc"/>
  </head>
  <body>
    <switch>
      <video src="video-360p.ismv" systemBitrate="700000">
        <param name="trackID" value="1" valuetype="data"/>
        <param name="trackName" value="video" valuetype="data"/>
      </video>
      <video src="video-180p.ismv" systemBitrate="200000">
        <param name="trackID" value="1" valuetype="data"/>
        <param name="trackName" value="video" valuetype="data"/>
      </video>
      <audio src="audio-de.isma" systemBitrate="75000" systemLanguage="de">
        <param name="trackID" value="2" valuetype="data"/>
        <param name="trackName" value="audio_de" valuetype="data"/>
      </audio>
    </switch>
  </body>
</smil>
`);
});
