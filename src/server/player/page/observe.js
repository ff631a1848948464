// What the browser does with keys, whichever player asks for it: requests, licenses, states of keys. No key is ever shown.

import { fromBase64url, fromBytes, log, plural, setKeyState, toBase64url } from './shared.js';

/** Where licenses come from. */
export const LICENSE_PATH = '/license';

/** Has to be called before a player is loaded, which may keep the functions of the browser for itself. */
export function observeKeys() {
  observeKeySystems();
  observeSessions();
  observeAnswers();
}

/**
 * Asks for a license in place of a player.
 * @returns keys by KID, as hexadecimal digits
 */
export async function requestKeys(kids) {
  if (kids.length === 0) return {};
  log('out', `License request for ${plural(kids.length, 'key')}`, kids.join('\n'));
  const body = JSON.stringify({ kids: kids.map(toBase64url), type: 'temporary' });
  const response = await fetch(LICENSE_PATH, { method: 'POST', body });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail);
  const hex = (text) => fromBase64url(text).replaceAll('-', '');
  return Object.fromEntries(answer.keys.map(({ kid, k }) => [hex(kid), hex(k)]));
}

function observeKeySystems() {
  const ask = navigator.requestMediaKeySystemAccess.bind(navigator);
  const said = new Set();
  const say = (text) => {
    if (!said.has(text)) log('in', text);
    said.add(text);
  };
  navigator.requestMediaKeySystemAccess = async (name, configurations) => {
    try {
      const access = await ask(name, configurations);
      say(`The browser has ${name}`);
      return access;
    } catch (error) {
      say(`The browser has no ${name} for this content`);
      throw error;
    }
  };
}

function observeSessions() {
  around(MediaKeys.prototype, 'createSession', (create) => {
    const session = create();
    session.addEventListener('message', ({ message }) => showRequest(message));
    session.addEventListener('keystatuseschange', () => {
      for (const [kid, status] of session.keyStatuses) setKeyState(fromBytes(kid), status);
    });
    return session;
  });
  around(MediaKeySession.prototype, 'generateRequest', (generate, [type, data]) => {
    log('in', `Encrypted media (${type})`, `${data.byteLength} bytes of initialization data`);
    return generate();
  });
  around(MediaKeySession.prototype, 'update', (update, [answer]) => {
    showLicense(answer);
    return update();
  });
}

/** Puts something around a method: `observe` is given the call as it was meant, and its arguments. */
function around(prototype, name, observe) {
  const method = prototype[name];
  prototype[name] = function (...given) {
    return observe(() => method.apply(this, given), given);
  };
}

function showRequest(message) {
  const kids = JSON.parse(new TextDecoder().decode(message)).kids.map(fromBase64url);
  log('out', `License request for ${plural(kids.length, 'key')}`, kids.join('\n'));
  for (const kid of kids) setKeyState(kid, 'requested');
}

function showLicense(answer) {
  const { keys } = JSON.parse(new TextDecoder().decode(answer));
  const granted = keys.map(({ kid }) => fromBase64url(kid));
  log('good', `License with ${plural(granted.length, 'key')}`, granted.join('\n'));
}

/** What the server says reaches the player alone, which says little of it. */
function observeAnswers() {
  const plainFetch = window.fetch.bind(window);
  window.fetch = async (resource, options) => {
    const response = await plainFetch(resource, options);
    if (isLicense(response.url))
      showAnswer(options.body, response.status, JSON.parse(await response.clone().text()));
    return response;
  };
  const { send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.send = function (body) {
    this.addEventListener('load', () => {
      if (isLicense(this.responseURL)) showAnswer(body, this.status, read(this.response));
    });
    return send.call(this, body);
  };
}

function isLicense(url) {
  return new URL(url, location.href).pathname === LICENSE_PATH;
}

/** JSON as a text, as bytes, or read already. */
function read(body) {
  if (typeof body === 'string') return JSON.parse(body);
  return body instanceof ArrayBuffer || ArrayBuffer.isView(body)
    ? JSON.parse(new TextDecoder().decode(body))
    : body;
}

function showAnswer(request, status, answer) {
  const granted = (answer.keys ?? []).map(({ kid }) => kid);
  for (const kid of read(request).kids)
    if (!granted.includes(kid)) setKeyState(fromBase64url(kid), 'refused');
  if (status >= 400) log('bad', `Refused with ${status} (${answer.code})`, answer.detail);
}
