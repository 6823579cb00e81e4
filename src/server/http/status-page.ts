// The status page at `/`: the apps with their connections and, in development, recent sign-in codes.

import { ownVersion } from '../../protocol/version.ts';
import type { HttpContext } from './context.ts';

/** `isWhole`: with the server's content; otherwise only that it is running. */
export function statusPage(http: HttpContext, isWhole: boolean): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Triplane</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:3rem auto;max-width:44rem;padding:0 1rem}td,th{text-align:left;padding:.2rem 1rem .2rem 0}</style>
<h1>Triplane ${ownVersion}</h1>
${isWhole ? contents(http) : '<p>The server is running.</p>\n'}</html>
`;
}

function contents({ hub, codes }: HttpContext): string {
  const rows = hub.summary().map(({ id, sessions, rooms }) => `<tr><td><code>${id}</code></td><td>${sessions}</td><td>${rooms}</td></tr>`);
  const sent = codes.map(({ email, code }) => `<tr><td>${escaped(email)}</td><td><code>${code}</code></td></tr>`);
  const codeTable = sent.length > 0 ? `<h2>Sign-in codes</h2>\n<table>${sent.join('')}</table>\n` : '';
  const init = `const db = init({ appId: '${hub.firstAppId}', apiURI: '${hub.origin}' });`;
  return `<p>The server is running with ${hub.sessionCount} connections.</p>
<pre>${escaped(init)}</pre>
<table><thead><tr><th>app</th><th>sessions</th><th>rooms</th></tr></thead><tbody>${rows.join('')}</tbody></table>
${codeTable}`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => entities[sign] ?? '');
