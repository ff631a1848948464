// Players of others behind the same questions. Each is loaded from this server, where it was found.

/**
 * What a player offers: lists of what can be chosen, and a function for each that chooses. `id` undefined stands for what the player
 * chooses itself: any rendition, or no subtitles.
 * @typedef {{ id: number | string, active: boolean, facts: (string | undefined)[] }} Choice
 * @typedef {{ list(): Choice[], pick(id?: number | string): void, isAuto?(): boolean }} Tracks
 * @typedef {{ video: Tracks, audio: Tracks, text: Tracks }} Adapter
 */

/**
 * @param name package of the player
 * @param options the manifest, its scheme and KIDs, where licenses come from, and who hears of what goes wrong
 * @returns {Promise<Adapter>} once the manifest is read
 */
export async function startPlayer(name, video, options) {
  await loadScript(`/players/${name}`);
  return ADAPTERS[name](video, options);
}

const ADAPTERS = {
  'shaka-player': async (video, { url, kind, kids, licenseUrl, keysOf, onFault }) => {
    const { shaka } = window;
    shaka.polyfill.installAll();
    const player = new shaka.Player();
    await player.attach(video);
    player.addEventListener('error', ({ detail }) => onFault(shakaFault(detail), detail.severity === 2));
    // It finds no Clear Key in playlists, so that the page asks in its place.
    const servers = { 'org.w3.clearkey': licenseUrl };
    player.configure({ drm: kind === 'hls' ? { clearKeys: await keysOf(kids) } : { servers } });
    await player.load(url).catch((error) => {
      throw new Error(shakaFault(error));
    });
    const variants = () => player.getVariantTracks();
    return {
      video: {
        list: () => {
          const now = variants().find(({ active }) => active);
          const ofSound = variants().filter((one) => one.videoId !== null && sameSound(one, now));
          return byHeight(distinct(ofSound, ({ videoId }) => videoId)).map((one) => ({
            id: one.videoId,
            active: one.active,
            facts: [pixels(one), one.videoCodec, bitrate(one.videoBandwidth ?? one.bandwidth), one.hdr],
          }));
        },
        isAuto: () => player.getConfiguration().abr.enabled,
        pick: (id) => {
          player.configure({ abr: { enabled: id === undefined } });
          const now = variants().find(({ active }) => active);
          const picked = variants().find((one) => one.videoId === id && sameSound(one, now));
          if (picked) player.selectVariantTrack(picked, true);
        },
      },
      audio: {
        list: () =>
          player.getAudioTracks().map((one, id) => ({
            id,
            active: one.active,
            facts: [one.language, one.label, one.roles?.join(', '), channels(one.channelsCount), one.codecs],
          })),
        pick: (id) => player.selectAudioTrack(player.getAudioTracks()[id]),
      },
      text: {
        list: () =>
          player.getTextTracks().map(({ id, active, language, label, kind, roles }) => ({
            id,
            active,
            facts: [language, label, kind, roles?.join(', ')],
          })),
        pick: (id) => {
          player.selectTextTrack(player.getTextTracks().find((one) => one.id === id) ?? null);
          player.setTextTrackVisibility?.(id !== undefined);
        },
      },
    };
  },

  dashjs: async (video, { url, licenseUrl, onFault }) => {
    const { dashjs } = window;
    nameInitializationData();
    const player = dashjs.MediaPlayer().create();
    const { events } = dashjs.MediaPlayer;
    player.initialize();
    player.updateSettings({ debug: { logLevel: dashjs.Debug.LOG_LEVEL_NONE } });
    player.setProtectionData({ 'org.w3.clearkey': { serverURL: licenseUrl } });
    player.setAutoPlay(false);
    player.on(events.ERROR, ({ error }) => onFault(`dash.js: ${error?.message ?? error}`, true));
    player.attachView(video);
    const ready = new Promise((resolve, reject) => {
      player.on(events.STREAM_INITIALIZED, resolve);
      player.on(events.ERROR, ({ error }) => reject(new Error(`dash.js: ${error?.message ?? error}`)));
    });
    player.attachSource(url);
    await ready;
    const adapt = (isAuto) =>
      player.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: isAuto } } } });
    return {
      video: {
        list: () => {
          const now = player.getCurrentRepresentationForType('video')?.id;
          return byHeight([...player.getRepresentationsByType('video')]).map((one) => ({
            id: one.id,
            active: one.id === now,
            facts: [pixels(one), codecOf(one.codecs ?? one.codec), bitrate(one.bandwidth)],
          }));
        },
        isAuto: () => player.getSettings().streaming.abr.autoSwitchBitrate.video,
        pick: (id) => {
          adapt(id === undefined);
          if (id !== undefined) player.setRepresentationForTypeById('video', id, true);
        },
      },
      audio: {
        list: () => {
          const now = player.getCurrentTrackFor('audio');
          return player.getTracksFor('audio').map((one) => ({
            id: one.index,
            active: one.index === now?.index,
            facts: [one.lang, one.labels?.[0]?.text, rolesOf(one), codecOf(one.codec)],
          }));
        },
        pick: (id) => player.setCurrentTrack(player.getTracksFor('audio').find(({ index }) => index === id)),
      },
      text: {
        list: () =>
          player.getTracksFor('text').map((one, id) => ({
            id,
            active: player.isTextEnabled() && player.getCurrentTextTrackIndex() === id,
            facts: [one.lang, one.labels?.[0]?.text, rolesOf(one)],
          })),
        pick: (id) => {
          player.enableText(id !== undefined);
          player.setTextTrack(id ?? -1);
        },
      },
    };
  },

  'hls.js': async (video, { url, scheme, licenseUrl, onFault }) => {
    const { Hls } = window;
    const player = new Hls({
      enableWorker: false, // it would be a script of no address
      emeEnabled: true,
      drmSystems: { 'org.w3.clearkey': { licenseUrl } },
      drmSystemOptions: { audioEncryptionScheme: scheme, videoEncryptionScheme: scheme },
    });
    const faultOf = ({ type, details, error }) =>
      `hls.js: ${type}, ${details}${error ? `: ${error.message}` : ''}`;
    player.on(Hls.Events.ERROR, (_, fault) => onFault(faultOf(fault), fault.fatal));
    const ready = new Promise((resolve, reject) => {
      player.on(Hls.Events.MANIFEST_PARSED, resolve);
      player.on(Hls.Events.ERROR, (_, fault) => fault.fatal && reject(new Error(faultOf(fault))));
    });
    player.loadSource(url);
    player.attachMedia(video);
    await ready;
    return {
      video: {
        list: () =>
          byHeight(
            player.levels.map((one, id) => ({ ...one, id, height: one.height, width: one.width })),
          ).map(({ id, ...one }) => ({
            id,
            active: id === player.currentLevel,
            facts: [pixels(one), one.videoCodec, bitrate(one.bitrate)],
          })),
        isAuto: () => player.autoLevelEnabled,
        pick: (id) => {
          player.currentLevel = id ?? -1;
        },
      },
      audio: {
        list: () =>
          player.audioTracks.map((one, id) => ({
            id,
            active: id === player.audioTrack,
            facts: [one.lang, one.name, one.channels && channels(Number.parseInt(one.channels, 10))],
          })),
        pick: (id) => {
          player.audioTrack = id;
        },
      },
      text: {
        list: () =>
          player.subtitleTracks.map((one, id) => ({
            id,
            active: id === player.subtitleTrack,
            facts: [one.lang, one.name, one.forced && 'forced'],
          })),
        pick: (id) => {
          player.subtitleDisplay = id !== undefined;
          player.subtitleTrack = id ?? -1;
        },
      },
    };
  },
};

/** dash.js calls the pssh boxes of a manifest `keyids`, which are JSON (W3C Encrypted Media Extensions Initialization Data Registry). */
function nameInitializationData() {
  const { generateRequest } = MediaKeySession.prototype;
  MediaKeySession.prototype.generateRequest = function (type, data) {
    const isJson = new Uint8Array(data.buffer ?? data)[0] === '{'.charCodeAt(0);
    return generateRequest.call(this, type === 'keyids' && !isJson ? 'cenc' : type, data);
  };
}

function loadScript(src) {
  return new Promise((resolve, reject) => {
    const onerror = () => reject(new Error('The player cannot be loaded any more.'));
    document.head.append(Object.assign(document.createElement('script'), { src, onload: resolve, onerror }));
  });
}

/** Categories and codes are in shaka.util.Error. */
function shakaFault({ category, code, message }) {
  return `shaka-player: error ${code} of category ${category}${message ? ` (${message})` : ''}`;
}

function sameSound(one, now) {
  return !now || (one.audioId === now.audioId && one.language === now.language);
}

function distinct(list, keyOf) {
  return [...new Map(list.map((one) => [keyOf(one), one])).values()];
}

function byHeight(list) {
  return list.sort((a, b) => a.height - b.height || (a.bandwidth ?? a.bitrate) - (b.bandwidth ?? b.bitrate));
}

function pixels({ width, height }) {
  return height ? `${width} × ${height}` : undefined;
}

function bitrate(bitsPerSecond) {
  return bitsPerSecond ? `${(bitsPerSecond / 1e6).toFixed(2)} Mb/s` : undefined;
}

function channels(count) {
  return count ? `${count} ${count === 1 ? 'channel' : 'channels'}` : undefined;
}

/** `avc1.640028` of `video/mp4;codecs="avc1.640028"` */
function codecOf(text) {
  return /codecs="([^"]*)"/.exec(text ?? '')?.[1] ?? text;
}

function rolesOf({ roles = [] }) {
  return roles.map((role) => role.value ?? role).join(', ');
}
