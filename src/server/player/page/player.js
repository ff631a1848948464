// The page of `prpack play`: feeds a fragmented file to Media Source Extensions, answers the browser's Clear Key requests
// from /license, and shows what happens. No key is ever shown.

import {
  $,
  addShortcuts,
  aheadSeconds,
  clock,
  element,
  fail,
  fromBase64url,
  fromBytes,
  log,
  notice,
  once,
  pause,
  plural,
  setKeyState,
  setState,
  showFacts,
  showKeys,
  size,
  systemRow,
  toBase64,
  toBase64url,
  video,
  watchVideo,
} from './shared.js';

/** Bytes of one request for media. */
const CHUNK_BYTES = 1024 * 1024;
/** Media ahead of the playhead that is enough for now, in seconds. */
const AHEAD_SECONDS = 60;
/** Media behind the playhead that is kept when the browser has no more room, in seconds. */
const BEHIND_SECONDS = 10;

/** What the server says of the file. */
const data = await (await fetch('/data.json')).json();

async function play({ playback, kids, file }) {
  if (playback.mode === 'none') return cannotPlay(playback);
  video.hidden = false;
  $('shortcuts').hidden = false;
  video.classList.toggle('sound', playback.mime.startsWith('audio'));
  watchVideo(showPlayback);
  if (playback.mode === 'src') {
    video.src = '/media';
    return;
  }
  if (!MediaSource.isTypeSupported(playback.mime)) {
    return notice('This browser cannot play it', `It does not know ${playback.mime}.`);
  }
  if (kids.length > 0) await setUpKeys(kids, file.tracks);
  await feed(playback.mime, file.bytes);
}

// Keys

async function setUpKeys(kids, tracks) {
  const scheme = tracks.find((track) => track.scheme)?.scheme;
  const configuration = { initDataTypes: ['cenc', 'keyids'] };
  for (const kind of ['video', 'audio']) {
    const codecs = [...new Set(tracks.filter(({ type }) => type === kind).map(({ codec }) => codec))];
    if (codecs.length === 0) continue;
    configuration[`${kind}Capabilities`] = codecs.map((codec) => ({
      contentType: `${kind}/mp4; codecs="${codec}"`,
      ...(scheme && { encryptionScheme: scheme }),
    }));
  }
  let access;
  try {
    access = await navigator.requestMediaKeySystemAccess('org.w3.clearkey', [configuration]);
  } catch {
    throw new Error(`This browser has no Clear Key for ${scheme ?? 'this content'}.`);
  }
  await video.setMediaKeys(await access.createMediaKeys());
  const asked = new Set();
  video.addEventListener('encrypted', ({ initDataType, initData }) => {
    const name = `${initDataType} ${initData && toBase64(initData)}`;
    if (asked.has(name)) return;
    asked.add(name);
    openSession(initDataType, initData, kids).catch(fail);
  });
}

/** Asks by the file's pssh boxes; where they do not say it in the common way, by the KIDs of the tracks. */
async function openSession(initDataType, initData, kids) {
  log('in', `Encrypted media (${initDataType})`, `${initData?.byteLength ?? 0} bytes of pssh boxes`);
  try {
    await newSession().generateRequest(initDataType, initData);
  } catch {
    log('in', 'No KIDs in a common pssh box', 'asking by the KIDs of the tracks');
    const byKid = { kids: kids.map(toBase64url) };
    await newSession().generateRequest('keyids', new TextEncoder().encode(JSON.stringify(byKid)));
  }
}

function newSession() {
  const session = video.mediaKeys.createSession();
  session.addEventListener('message', ({ message }) => license(session, message).catch(fail));
  session.addEventListener('keystatuseschange', () => {
    for (const [kid, status] of session.keyStatuses) setKeyState(fromBytes(kid), status);
  });
  return session;
}

async function license(session, message) {
  const body = new TextDecoder().decode(message);
  const kids = JSON.parse(body).kids.map(fromBase64url);
  log('out', `License request for ${plural(kids.length, 'key')}`, kids.join('\n'));
  for (const kid of kids) setKeyState(kid, 'requested');
  const response = await fetch('/license', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const answer = await response.json();
  if (!response.ok) {
    for (const kid of kids) setKeyState(kid, 'refused');
    log('bad', `Refused with ${response.status} (${answer.code})`, answer.detail);
    throw new Error(answer.detail);
  }
  const granted = answer.keys.map(({ kid }) => fromBase64url(kid));
  for (const kid of kids.filter((one) => !granted.includes(one))) setKeyState(kid, 'refused');
  log('good', `License with ${plural(granted.length, 'key')} (${answer.type})`, granted.join('\n'));
  await session.update(new TextEncoder().encode(JSON.stringify(answer)));
}

// Media

/** Appends the file piece by piece, not much further than it is played, and from its start again after a jump back to what is gone. */
async function feed(mime, sizeBytes) {
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  await once(source, 'sourceopen');
  const buffer = source.addSourceBuffer(mime);
  let offsetBytes = 0;
  video.addEventListener('seeking', () => {
    const isBehind = buffer.buffered.length > 0 && video.currentTime < buffer.buffered.start(0);
    if (isBehind) offsetBytes = 0;
  });
  while (source.readyState !== 'closed' && !video.error) {
    if (offsetBytes >= sizeBytes && source.readyState === 'open') source.endOfStream();
    if (offsetBytes >= sizeBytes || aheadSeconds() > AHEAD_SECONDS) {
      await pause(250);
      continue;
    }
    const endBytes = Math.min(offsetBytes + CHUNK_BYTES, sizeBytes);
    const from = offsetBytes;
    const bytes = await range(from, endBytes);
    if (offsetBytes !== from) continue; // somebody has jumped back in the meantime
    if (from === 0 && source.readyState === 'open') buffer.abort();
    if (await append(buffer, bytes)) offsetBytes = offsetBytes === from ? endBytes : offsetBytes;
  }
}

async function range(startBytes, endBytes) {
  const response = await fetch('/media', { headers: { range: `bytes=${startBytes}-${endBytes - 1}` } });
  if (!response.ok) throw new Error(`The file cannot be read any more (${response.status}).`);
  return response.arrayBuffer();
}

/** Whether there was room for it; if not, what was played makes room, and the caller tries again. */
async function append(buffer, bytes) {
  try {
    buffer.appendBuffer(bytes);
  } catch (error) {
    if (error.name !== 'QuotaExceededError') throw error;
    const endSeconds = video.currentTime - BEHIND_SECONDS;
    if (endSeconds <= 0) return pause(500).then(() => false);
    buffer.remove(0, endSeconds);
    await once(buffer, 'updateend');
    return false;
  }
  await once(buffer, 'updateend');
  return true;
}

// What is shown

function cannotPlay({ reason, commands }) {
  setState('Not playable here', 'bad');
  notice('A browser cannot play this file', reason, commands);
}

function showFile({ file, keysFrom, kids }) {
  document.title = `${file.name} · prpack play`;
  $('name').textContent = file.name;
  $('name').title = file.name;
  $('keys-from').textContent = kids.length > 0 ? `from ${keysFrom}` : 'the file is not encrypted';
  $('exchange-empty').hidden = kids.length === 0;
  $('tracks').replaceChildren(...file.tracks.map(trackRow));
  $('systems').replaceChildren(
    ...(file.pssh.length > 0 ? file.pssh.map(systemRow) : [element('p', { class: 'empty' }, 'None.')]),
  );
  $('warnings').hidden = file.warnings.length === 0;
  $('warnings').replaceChildren(...file.warnings.map((text) => element('li', {}, text)));
  showPlayback();
}

function showPlayback() {
  const { file } = data;
  const quality = video.getVideoPlaybackQuality();
  const hasVideo = file.tracks.some(({ type }) => type === 'video');
  const facts = [
    ['Position', `${clock(video.currentTime)} / ${clock(file.durationSeconds)}`],
    ['Buffered', `${aheadSeconds().toFixed(1)} s`],
    ...(hasVideo
      ? [
          ['Frames', `${quality.totalVideoFrames}`],
          ['Dropped', `${quality.droppedVideoFrames}`],
        ]
      : []),
    file.layout === 'fragmented' ? ['Fragments', `${file.fragments}`] : ['Layout', 'progressive'],
    ['Size', size(file.bytes)],
  ];
  showFacts(facts);
}

function trackRow(track) {
  const facts = [
    track.width && `${track.width} × ${track.height}`,
    track.channels && plural(track.channels, 'channel'),
    track.sampleRateHz && `${track.sampleRateHz / 1000} kHz`,
    track.language && track.language !== 'und' && track.language,
    `${track.samples} samples`,
    track.ivSize && `${track.ivSize}-byte IV`,
  ].filter(Boolean);
  const tag = track.encrypted
    ? element('span', { class: 'tag', 'data-tone': 'good' }, track.scheme ?? 'encrypted')
    : element('span', { class: 'tag' }, 'clear');
  return element(
    'div',
    { class: 'row' },
    element(
      'div',
      { class: 'row-head' },
      element('h3', {}, `${track.id} · ${track.type}`),
      element('code', {}, track.codec),
      tag,
    ),
    element('p', { class: 'what' }, facts.join(' · ')),
    ...(track.kid ? [element('code', { class: 'what' }, track.kid)] : []),
  );
}

// Last, for what is above has to be there.
showFile(data);
showKeys(data.kids);
addShortcuts();
play(data).catch(fail);
