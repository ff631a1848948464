// The page of `prpack play`: feeds a fragmented file to Media Source Extensions, answers the browser's Clear Key requests
// from /license, and shows what happens. No key is ever shown.

/** Bytes of one request for media. */
const CHUNK_BYTES = 1024 * 1024;
/** Media ahead of the playhead that is enough for now, in seconds. */
const AHEAD_SECONDS = 60;
/** Media behind the playhead that is kept when the browser has no more room, in seconds. */
const BEHIND_SECONDS = 10;
const SEEK_SECONDS = 5;

const $ = (id) => document.getElementById(id);
const video = $('video');
const startedMs = performance.now();
/** KID (UUID text) to its state in the session: what the browser says of the key. */
const keyStates = new Map();
/** What the server says of the file. */
const data = await (await fetch('/data.json')).json();

async function play({ playback, kids, file }) {
  if (playback.mode === 'none') return cannotPlay(playback);
  video.hidden = false;
  $('shortcuts').hidden = false;
  video.classList.toggle('sound', playback.mime.startsWith('audio'));
  watchVideo();
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

function setKeyState(kid, state) {
  keyStates.set(kid, state);
  showKeys();
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

function aheadSeconds() {
  const { buffered, currentTime } = video;
  for (let i = 0; i < buffered.length; i++) {
    if (buffered.start(i) <= currentTime && currentTime <= buffered.end(i))
      return buffered.end(i) - currentTime;
  }
  return 0;
}

// What is shown

function watchVideo() {
  const states = {
    playing: ['Playing', 'good'],
    pause: ['Paused', 'idle'],
    waiting: ['Waiting for media or key', 'busy'],
    waitingforkey: ['Waiting for the key', 'busy'],
    canplay: ['Ready', 'good'],
    ended: ['Ended', 'idle'],
  };
  for (const [event, [text, tone]] of Object.entries(states)) {
    video.addEventListener(event, () => {
      if (event === 'canplay' && !video.paused) return;
      setState(text, tone);
    });
  }
  video.addEventListener('error', () => fail(new Error(video.error.message || 'The browser gave up.')));
  video.addEventListener('loadedmetadata', () => {
    if (video.videoWidth) video.style.setProperty('--ratio', `${video.videoWidth} / ${video.videoHeight}`);
  });
  setInterval(showPlayback, 250);
}

let failed = false;

function fail(error) {
  if (failed) return;
  failed = true;
  setState('Does not play', 'bad');
  if (keyStates.size === 0 || ![...keyStates.values()].includes('refused'))
    log('bad', 'Failed', error.message);
  notice('It does not play', error.message);
}

function cannotPlay({ reason, commands }) {
  setState('Not playable here', 'bad');
  notice('A browser cannot play this file', reason, commands);
}

function notice(title, text, commands = []) {
  video.hidden = true;
  video.pause();
  $('shortcuts').hidden = true;
  const box = $('notice');
  box.hidden = false;
  box.replaceChildren(element('h2', {}, title), element('p', {}, text));
  if (commands.length === 0) return;
  const copy = element('button', { type: 'button' }, 'Copy');
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(commands.join('\n'));
    copy.textContent = 'Copied';
  });
  box.append(element('div', { class: 'command' }, element('pre', {}, commands.join('\n')), copy));
}

function setState(text, tone) {
  if (failed && tone !== 'bad') return;
  $('state').textContent = text;
  $('state').dataset.tone = tone;
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
  $('facts').replaceChildren(
    ...facts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
  );
}

const KEY_TONES = { usable: 'good', requested: 'busy', refused: 'bad' };

function showKeys() {
  const kids = [...new Set([...data.kids, ...keyStates.keys()])];
  const rows = kids.map((kid) => {
    const state = keyStates.get(kid) ?? 'not asked for';
    const row = element('li', { 'data-tone': KEY_TONES[state] ?? 'idle' });
    row.append(element('code', {}, kid), element('span', { class: 'what' }, state));
    return row;
  });
  $('kids').replaceChildren(
    ...(rows.length > 0 ? rows : [element('p', { class: 'empty' }, 'The file is not encrypted.')]),
  );
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

function systemRow(pssh) {
  const { playready } = pssh;
  const row = element(
    'div',
    { class: 'row' },
    element(
      'div',
      { class: 'row-head' },
      element('h3', {}, pssh.name),
      element('span', { class: 'what' }, `in ${pssh.location}`),
    ),
    pairs([
      ['System', pssh.systemId],
      ['KIDs', pssh.keyIds.join('\n') || 'none'],
      ['Problem', pssh.problem],
      ['Header', playready && `version ${playready.version}`],
      ['LA_URL', playready && (playready.laUrl ?? 'none')],
      ['Checksum', playready && checksums(playready.keys)],
    ]),
  );
  if (playready) {
    row.append(
      element(
        'details',
        {},
        element('summary', {}, 'PlayReady header'),
        element('pre', { tabindex: '0' }, playready.xml),
      ),
    );
  }
  return row;
}

function checksums(keys) {
  const texts = keys.map(({ checksum, checksumMatches }) => {
    if (!checksum) return 'none';
    if (checksumMatches === undefined) return `${checksum} (no key to compare)`;
    return `${checksum} ${checksumMatches ? '✓ fits the key' : '✗ of another key'}`;
  });
  return texts.join('\n') || undefined;
}

function pairs(list) {
  const given = list.filter(([, value]) => value);
  return element(
    'dl',
    { class: 'pairs' },
    ...given.flatMap(([name, value]) => [
      element('dt', {}, name),
      element('dd', {}, ...value.split('\n').map((line) => element('code', { class: 'line' }, line))),
    ]),
  );
}

const ARROWS = { out: ['→', ''], in: ['·', ''], good: ['←', 'good'], bad: ['✗', 'bad'] };

function log(kind, text, detail) {
  const [arrow, tone] = ARROWS[kind];
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(2);
  const said = element('div', {}, element('p', {}, text));
  for (const line of (detail ?? '').split('\n').filter(Boolean))
    said.append(element('p', { class: 'what' }, line));
  $('exchange-empty').hidden = true;
  $('exchange').append(
    element(
      'li',
      {},
      element('time', {}, `${seconds} s`),
      element('span', { class: 'arrow', 'aria-hidden': 'true', ...(tone && { 'data-tone': tone }) }, arrow),
      said,
    ),
  );
}

// Keyboard: where no control has the focus that has a meaning of its own for the key.

function addShortcuts() {
  const actions = {
    ' ': () => (video.paused ? video.play().catch(() => {}) : video.pause()),
    k: () => actions[' '](),
    arrowleft: () => seek(-SEEK_SECONDS),
    arrowright: () => seek(SEEK_SECONDS),
    m: () => {
      video.muted = !video.muted;
    },
    f: () => (document.fullscreenElement ? document.exitFullscreen() : video.requestFullscreen()),
  };
  document.addEventListener('keydown', (event) => {
    const action = actions[event.key.toLowerCase()];
    const isTaken = event.target.closest('a, button, summary, pre, video');
    if (!action || isTaken || video.hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  });
}

function seek(seconds) {
  video.currentTime = Math.min(Math.max(0, video.currentTime + seconds), video.duration || 0);
}

// Small things

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

function once(target, event) {
  return new Promise((resolve) => target.addEventListener(event, resolve, { once: true }));
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] > 0 ? parts : parts.slice(1);
  return shown.map((part, i) => (i === 0 ? `${part}` : `${part}`.padStart(2, '0'))).join(':');
}

function size(bytes) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const at = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  return `${at === 0 ? bytes : (bytes / 1000 ** at).toFixed(1)} ${units[at]}`;
}

function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function fromBytes(buffer) {
  const hex = [...new Uint8Array(buffer.buffer ?? buffer)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function fromBase64url(text) {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return fromBytes(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
}

function toBase64url(kid) {
  const bytes = kid
    .replaceAll('-', '')
    .match(/../g)
    .map((pair) => Number.parseInt(pair, 16));
  return toBase64(Uint8Array.from(bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function toBase64(buffer) {
  return btoa(String.fromCharCode(...new Uint8Array(buffer)));
}

// Last, for what is above has to be there.
showFile(data);
showKeys();
addShortcuts();
play(data).catch(fail);
