import type { Timed } from '../addressing.js';
import { averageBitsPerSecond, peakBitsPerSecond } from '../bandwidth.js';
import { toNumber } from '../fraction.js';
import type { Presentation, VideoRepresentation, VideoSet } from '../presentation.js';
import { rolesOf, setsOf, shortestLanguage, thumbnailsOf } from '../sets.js';
import { bare, tag } from './attributes.js';
import { imageStreamInf } from './image-playlist.js';
import { sessionKeyLines } from './keys.js';
import { iFrameTimes, targetSecondsOf } from './media-playlist.js';
import {
  type AudioGroup,
  audioGroups,
  channelsText,
  type Rendition,
  subtitles,
  textSegmentsOf,
} from './renditions.js';

export interface MultivariantOptions {
  /** Of every media playlist. */
  readonly targetSeconds: number;
  /** URI of the media playlist of a representation. */
  readonly playlistUri: (representationId: string) => string;
  readonly iFramePlaylistUri: (representationId: string) => string;
}

/** Bits per second of a track, or of tracks together. */
interface Rates {
  readonly peak: number;
  readonly average: number;
}

const NOTHING: Rates = { peak: 0, average: 0 };

const SUBTITLES_GROUP = 'subs';

/** VIDEO-RANGE by transfer characteristics of ISO/IEC 23091-2; all others are SDR. */
const VIDEO_RANGES: Readonly<Record<number, string>> = { 16: 'PQ', 18: 'HLG' };

/** CHARACTERISTICS (draft-pantos-hls-rfc8216bis 4.4.6.1). */
const CHARACTERISTICS = {
  description: 'public.accessibility.describes-video',
  caption: 'public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound',
} as const;

/** Profiles of Dolby Vision whose base layer is PQ and need not say so: 5 and 7, and 10 on AV1 (Apple, HLS Authoring Specification). */
const DOLBY_VISION_PQ = /^(?:dvh1|dvhe)\.0[57]\.|^dav1\.10\./;

function videoRangeOf({ set: { colour }, representation: { codecs } }: Video): string {
  const coded = VIDEO_RANGES[colour?.transfer ?? 0];
  return coded ?? (colour === undefined && DOLBY_VISION_PQ.test(codecs) ? 'PQ' : 'SDR');
}

/**
 * The multivariant playlist (draft-pantos-hls-rfc8216bis 4.4.6): every rendition of video with every group of audio, in the order of the
 * presentation. Without video, every group of audio.
 * @throws PrpackError INVALID_ARGUMENT for a label or URI that a playlist cannot carry
 * @example
 * multivariantPlaylist(presentation, { targetSeconds: 2, playlistUri: (id) => `${id}.m3u8`, iFramePlaylistUri });
 */
export function multivariantPlaylist(presentation: Presentation, options: MultivariantOptions): string {
  const texts = subtitles(presentation);
  const textRates = largestRates(
    texts.map(({ representation }) => {
      const segments = textSegmentsOf(representation)!;
      // Longer ones have a target duration of their own.
      return ratesOf(segments, {
        targetSeconds: Math.max(options.targetSeconds, targetSecondsOf([segments])),
      });
    }),
  );
  const groupIds = new Set<string>();
  const parts = ofEachScheme(presentation).map((part) => {
    const groups = audioGroups(part, groupIds);
    const videos = videosOf(part);
    const variantsOf = (group?: AudioGroup) => {
      const companions = { group, texts, textRates };
      return videos.length > 0
        ? videos.flatMap((video) => videoVariant(video, companions, options))
        : audioVariant(companions, options);
    };
    return {
      groups,
      variants: groups.length > 0 ? groups.flatMap((group) => variantsOf(group)) : variantsOf(),
    };
  });
  const groups = parts.flatMap((part) => part.groups);
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:6',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    ...sessionKeyLines(presentation),
    ...groups.flatMap(({ id, renditions }) => renditions.map((one) => audioLine(id, one, options))),
    ...texts.map((one) => subtitlesLine(presentation, one, options)),
    ...parts.flatMap(({ variants }) => variants),
    ...videosOf(presentation).flatMap((video) => iFrameVariant(video, options)),
    ...thumbnailsOf(presentation).map((sheets) => imageStreamInf(sheets, options.playlistUri(sheets.id))),
  ];
  return `${lines.join('\n')}\n`;
}

/** What plays together: players take one scheme for audio and video. Clear sets play with either. */
function ofEachScheme(presentation: Presentation): Presentation[] {
  const { switchingSets } = presentation;
  const schemes = new Set(switchingSets.flatMap(({ protection }) => protection?.scheme ?? []));
  if (schemes.size < 2) return [presentation];
  return [...schemes].map((scheme) => ({
    ...presentation,
    switchingSets: switchingSets.filter(({ protection }) => !protection || protection.scheme === scheme),
  }));
}

interface Video {
  readonly set: VideoSet;
  readonly representation: VideoRepresentation;
}

function videosOf(presentation: Presentation): Video[] {
  return setsOf(presentation, 'video').flatMap((set) =>
    set.representations.map((representation) => ({ set, representation })),
  );
}

function audioLine(groupId: string, rendition: Rendition, { playlistUri }: MultivariantOptions): string {
  const { representation } = rendition;
  return tag('EXT-X-MEDIA', {
    TYPE: bare('AUDIO'),
    'GROUP-ID': groupId,
    ...choiceAttributes(rendition),
    CHANNELS: 'channels' in representation ? channelsText(representation) : undefined,
    URI: playlistUri(representation.id),
  });
}

function subtitlesLine(
  presentation: Presentation,
  rendition: Rendition,
  { playlistUri }: MultivariantOptions,
): string {
  const isForced = rolesOf(presentation, rendition.set).includes('forced-subtitle');
  return tag('EXT-X-MEDIA', {
    TYPE: bare('SUBTITLES'),
    'GROUP-ID': SUBTITLES_GROUP,
    ...choiceAttributes(rendition),
    FORCED: bare(isForced ? 'YES' : 'NO'),
    URI: playlistUri(rendition.representation.id),
  });
}

/** What a player and its user choose by. */
function choiceAttributes({ set, name, isDefault, isAutoselected }: Rendition) {
  const { language, accessibility = [] } = set;
  return {
    NAME: name,
    LANGUAGE: language === undefined ? undefined : shortestLanguage(language),
    DEFAULT: bare(isDefault ? 'YES' : 'NO'),
    AUTOSELECT: bare(isAutoselected ? 'YES' : 'NO'),
    CHARACTERISTICS: accessibility.map((one) => CHARACTERISTICS[one]).join(',') || undefined,
  };
}

/** What plays with a variant. */
interface Companions {
  readonly group: AudioGroup | undefined;
  readonly texts: readonly Rendition[];
  readonly textRates: Rates;
}

function videoVariant(video: Video, companions: Companions, options: MultivariantOptions): string[] {
  const { representation } = video;
  const { codecs, supplementalCodecs, frameRate, addressing } = representation;
  const rates = [ratesOf(addressing, options), groupRates(companions.group, options), companions.textRates];
  const streamInf = tag('EXT-X-STREAM-INF', {
    ...rateAttributes(rates),
    CODECS: codecsText([codecs], companions),
    'SUPPLEMENTAL-CODECS': supplementalCodecs && `${supplementalCodecs.codecs}/${supplementalCodecs.profile}`,
    RESOLUTION: bare(resolutionText(representation)),
    'FRAME-RATE': bare(toNumber(frameRate).toFixed(3)),
    ...outputAttributes(video),
    ...groupAttributes(companions),
    'CLOSED-CAPTIONS': bare('NONE'),
  });
  return [streamInf, options.playlistUri(representation.id)];
}

/** A variant without pictures: what plays of the group by default. */
function audioVariant(companions: Companions, options: MultivariantOptions): string[] {
  const { group, textRates } = companions;
  if (!group) return [];
  const { representation } = group.renditions.find(({ isDefault }) => isDefault) ?? group.renditions[0];
  const streamInf = tag('EXT-X-STREAM-INF', {
    ...rateAttributes([groupRates(group, options), textRates]),
    CODECS: codecsText([], companions),
    ...groupAttributes(companions),
  });
  return [streamInf, options.playlistUri(representation.id)];
}

function iFrameVariant(video: Video, options: MultivariantOptions): string[] {
  const { id, codecs, addressing } = video.representation;
  if (!addressing.iFrames?.length) return [];
  return [
    tag('EXT-X-I-FRAME-STREAM-INF', {
      ...rateAttributes([ratesOf(iFrameTimes(addressing), options)]),
      CODECS: codecs,
      RESOLUTION: bare(resolutionText(video.representation)),
      ...outputAttributes(video),
      URI: options.iFramePlaylistUri(id),
    }),
  ];
}

function outputAttributes(video: Video) {
  const { hdcpLevel } = video.representation;
  return {
    'VIDEO-RANGE': bare(videoRangeOf(video)),
    'HDCP-LEVEL': hdcpLevel && bare(hdcpLevel),
  };
}

function groupAttributes({ group, texts }: Companions) {
  return { AUDIO: group?.id, SUBTITLES: texts.length > 0 ? SUBTITLES_GROUP : undefined };
}

/** Every format in the variant and its groups; files of WebVTT have none. */
function codecsText(own: readonly string[], { group, texts }: Companions): string {
  const ofAudio = (group?.renditions ?? []).map(({ representation }) => representation.codecs);
  const ofText = texts.map(({ representation }) =>
    'webVttSegments' in representation ? undefined : representation.codecs,
  );
  return [...new Set([...own, ...ofAudio, ...ofText])].filter((codecs) => codecs !== undefined).join(',');
}

/** Display size: stretched in width to square samples. */
function resolutionText({ widthPixels, heightPixels, sampleAspectRatio }: VideoRepresentation): string {
  const stretch = sampleAspectRatio ? toNumber(sampleAspectRatio) : 1;
  return `${Math.round(widthPixels * stretch)}x${heightPixels}`;
}

function rateAttributes(rates: readonly Rates[]) {
  return {
    BANDWIDTH: rates.reduce((sum, { peak }) => sum + peak, 0),
    'AVERAGE-BANDWIDTH': rates.reduce((sum, { average }) => sum + average, 0),
  };
}

function groupRates(group: AudioGroup | undefined, options: MultivariantOptions): Rates {
  const renditions = group?.renditions ?? [];
  return largestRates(renditions.map(({ representation }) => ratesOf(representation.addressing, options)));
}

function ratesOf(track: Timed, { targetSeconds }: Pick<MultivariantOptions, 'targetSeconds'>): Rates {
  return { peak: peakBitsPerSecond(track, targetSeconds), average: averageBitsPerSecond(track) };
}

function largestRates(rates: readonly Rates[]): Rates {
  return rates.reduce(
    (a, b) => ({ peak: Math.max(a.peak, b.peak), average: Math.max(a.average, b.average) }),
    NOTHING,
  );
}
