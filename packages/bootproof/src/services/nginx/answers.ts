import type { HttpRequest } from '../../probes/kinds/http.ts';

/** An answer that a `return` gives; null: the text or header is not known here. */
export interface ReturnedAnswer {
  readonly status: number;
  readonly body: string | null;
  readonly location: string | null;
}

const statusesOfRedirection = new Set([301, 302, 303, 307, 308]);

/**
 * What a client sees of a `return` directive for a request. Undefined where nothing is answered (444) or the words are
 * none of return's.
 *
 * Source: https://nginx.org/en/docs/http/ngx_http_rewrite_module.html#return
 */
export function answerOf(value: string | number, request: HttpRequest): ReturnedAnswer | undefined {
  const match = /^(?:(\d{1,3})(?:\s+|$))?([\s\S]*)$/.exec(String(value).trim());
  const status = match?.[1] === undefined ? 302 : Number(match[1]);
  const words = match?.[2]?.trim() ?? '';
  if (status < 200 || status > 599 || status === 444) return undefined;
  const text = words === '' ? undefined : filled(unquoted(words), request);
  if (!statusesOfRedirection.has(status)) {
    // Without a text, and with one that has a variable of its own, the page is nginx' own or unknown.
    return { status, body: status === 204 ? '' : (text ?? null), location: null };
  }
  const absolute = text?.startsWith('/') ? `http://${authority(request)}${text}` : text;
  return { status, body: null, location: absolute ?? null };
}

/** A host with its port, as nginx writes it in URLs of its own. */
const authority = ({ host, port }: HttpRequest): string => (port === 80 ? host : `${host}:${port}`);

/** A parameter without its quotes and escapes; null when it is more than one. */
function unquoted(words: string): string | null {
  const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
  const quoted = /^(["'])((?:\\[\s\S]|(?!\1)[^\\])*)\1$/.exec(words)?.[2];
  if (quoted === undefined && /[\s;"'\\]/.test(words)) return null;
  return (quoted ?? words).replaceAll(/\\([nrt"'\\])/g, (_all, letter: string) => escapes[letter] ?? letter);
}

/** A text with the variables that the request alone decides; undefined when it has another. */
function filled(text: string | null, { host, path, port }: HttpRequest): string | undefined {
  const known: Readonly<Record<string, string>> = {
    host,
    http_host: host,
    request_uri: path,
    uri: path,
    request_method: 'GET',
    scheme: 'http',
    server_port: String(port),
  };
  if (text === null) return undefined;
  let complete = true;
  const result = text.replaceAll(/\$\{(\w+)\}|\$(\w+)/g, (all, braced?: string, plain?: string) => {
    const value = known[braced ?? plain ?? ''];
    if (value === undefined) complete = false;
    return value ?? all;
  });
  return complete ? result : undefined;
}

/** How the words of a location choose requests. */
export interface LocationMatch {
  readonly kind: 'exact' | 'prefix' | 'firm prefix' | 'pattern' | 'named';
  readonly path: string;
  readonly pattern?: RegExp | undefined;
}

/** Source: https://nginx.org/en/docs/http/ngx_http_core_module.html#location */
export function matchOf(words: string): LocationMatch {
  const [, modifier = '', path = ''] = /^(=|\^~|~\*|~)?\s*(.*)$/.exec(words.trim()) ?? [];
  if (modifier === '=') return { kind: 'exact', path };
  if (modifier === '^~') return { kind: 'firm prefix', path };
  if (modifier !== '') return { kind: 'pattern', path, pattern: patternOf(path, modifier === '~*') };
  return { kind: path.startsWith('@') ? 'named' : 'prefix', path };
}

/** PCRE's expression as JavaScript's, where it is one. */
function patternOf(text: string, ignoreCase: boolean): RegExp | undefined {
  try {
    return new RegExp(text.replace(/^(["'])(.*)\1$/, '$2'), ignoreCase ? 'i' : '');
  } catch {
    return undefined;
  }
}

/** Which of a host's locations answers a path; undefined when none does, or when it cannot be told. */
export function chosen(locations: readonly string[], path: string): string | undefined {
  const all = locations.map((words) => ({ words, ...matchOf(words) }));
  const exact = all.find((each) => each.kind === 'exact' && each.path === path);
  if (exact !== undefined) return exact.words;
  const prefixes = all.filter(
    (each) => (each.kind === 'prefix' || each.kind === 'firm prefix') && path.startsWith(each.path),
  );
  const longest = prefixes.sort((left, right) => right.path.length - left.path.length)[0];
  if (longest?.kind === 'firm prefix') return longest.words;
  const patterns = all.filter(({ kind }) => kind === 'pattern');
  if (patterns.some(({ pattern }) => pattern === undefined)) return undefined;
  return (patterns.find(({ pattern }) => pattern?.test(path)) ?? longest)?.words;
}
