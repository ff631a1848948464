// What the pages of `prpack play` share: what is shown of playback and keys, and small things. No key is ever shown.

const SEEK_SECONDS = 5;

export const $ = (id) => document.getElementById(id);
export const video = $('video');
const startedMs = performance.now();
/** KID (UUID text) to its state in the session: what the browser says of the key. */
const keyStates = new Map();
let knownKids = [];

// What is shown

/** @param show shows where playback is, several times a second */
export function watchVideo(show) {
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
  setInterval(show, 250);
}

let failed = false;

export function fail(error) {
  if (failed) return;
  failed = true;
  setState('Does not play', 'bad');
  if (keyStates.size === 0 || ![...keyStates.values()].includes('refused'))
    log('bad', 'Failed', error.message);
  notice('It does not play', error.message);
}

export function notice(title, text, commands = []) {
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

export function setState(text, tone) {
  if (failed && tone !== 'bad') return;
  $('state').textContent = text;
  $('state').dataset.tone = tone;
}

export function showFacts(facts) {
  $('facts').replaceChildren(
    ...facts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
  );
}

export function aheadSeconds() {
  const { buffered, currentTime } = video;
  for (let i = 0; i < buffered.length; i++) {
    if (buffered.start(i) <= currentTime && currentTime <= buffered.end(i))
      return buffered.end(i) - currentTime;
  }
  return 0;
}

export function setKeyState(kid, state) {
  keyStates.set(kid, state);
  showKeys();
}

const KEY_TONES = { usable: 'good', requested: 'busy', refused: 'bad' };

/** @param kids those that are known before the browser asks */
export function showKeys(kids = knownKids) {
  knownKids = kids;
  const all = [...new Set([...knownKids, ...keyStates.keys()])];
  const rows = all.map((kid) => {
    const state = keyStates.get(kid) ?? 'not asked for';
    const row = element('li', { 'data-tone': KEY_TONES[state] ?? 'idle' });
    row.append(element('code', {}, kid), element('span', { class: 'what' }, state));
    return row;
  });
  $('kids').replaceChildren(
    ...(rows.length > 0 ? rows : [element('p', { class: 'empty' }, 'No track is encrypted.')]),
  );
}

export function systemRow(pssh) {
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
      ['URI', pssh.uri],
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

export function log(kind, text, detail) {
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

export function addShortcuts() {
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

export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

export function once(target, event) {
  return new Promise((resolve) => target.addEventListener(event, resolve, { once: true }));
}

export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function clock(seconds) {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] > 0 ? parts : parts.slice(1);
  return shown.map((part, i) => (i === 0 ? `${part}` : `${part}`.padStart(2, '0'))).join(':');
}

export function size(bytes) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const at = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  return `${at === 0 ? bytes : (bytes / 1000 ** at).toFixed(1)} ${units[at]}`;
}

export function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

export function fromBytes(buffer) {
  const hex = [...new Uint8Array(buffer.buffer ?? buffer)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export function fromBase64url(text) {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return fromBytes(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
}

export function toBase64url(kid) {
  const bytes = kid
    .replaceAll('-', '')
    .match(/../g)
    .map((pair) => Number.parseInt(pair, 16));
  return toBase64(Uint8Array.from(bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

export function toBase64(buffer) {
  return btoa(String.fromCharCode(...new Uint8Array(buffer)));
}
