import { type Browser, chromium } from 'playwright-core';
import { toolPath } from './tools.js';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

/** Starts Chromium, which plays without being asked to, and calls nobody by itself. For blocks of `describeWith(['chromium'], …)`. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: toolPath('chromium'), args: ARGUMENTS });
}
