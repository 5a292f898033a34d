// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables are nginx's
import { describe, expect, it } from 'vitest';
import { answerOf, chosen, matchOf } from '../../../src/services/nginx/answers.ts';

const request = { address: '127.0.0.1', port: 80, host: 'a.lan', path: '/p' };
const at8080 = { ...request, port: 8080 };

describe('what a return answers', () => {
  it.each([
    [404, { status: 404, body: null, location: null }],
    ['404', { status: 404, body: null, location: null }],
    ['204', { status: 204, body: '', location: null }],
    ['200 ok', { status: 200, body: 'ok', location: null }],
    ['200 "a b"', { status: 200, body: 'a b', location: null }],
    ["200 'say \\'a\\'\\n'", { status: 200, body: "say 'a'\n", location: null }],
    ['200 "$host$request_uri over ${scheme}!"', { status: 200, body: 'a.lan/p over http!', location: null }],
    ['200 "$remote_addr"', { status: 200, body: null, location: null }],
    ['200 "a" b', { status: 200, body: null, location: null }],
    ['301 https://$host$request_uri', { status: 301, body: null, location: 'https://a.lan/p' }],
    ['https://b.lan/', { status: 302, body: null, location: 'https://b.lan/' }],
    ['302 /login', { status: 302, body: null, location: 'http://a.lan/login' }],
    ['307 $upstream_http_x', { status: 307, body: null, location: null }],
  ])('%s', (value, answer) => {
    expect(answerOf(value, request)).toEqual(answer);
  });

  it('has the port in a URL that nginx completes', () => {
    expect(answerOf('301 /x', at8080)?.location).toBe('http://a.lan:8080/x');
  });

  it.each([444, 99, '700 x'])('is not known of %s', (value) => {
    expect(answerOf(value, request)).toBeUndefined();
  });
});

describe('a location', () => {
  it.each([
    ['/a', { kind: 'prefix', path: '/a' }],
    ['= /a', { kind: 'exact', path: '/a' }],
    ['=/a', { kind: 'exact', path: '/a' }],
    ['^~ /a', { kind: 'firm prefix', path: '/a' }],
    ['~ \\.php$', { kind: 'pattern', path: '\\.php$', pattern: /\.php$/ }],
    ['~* "\\.(a|b)$"', { kind: 'pattern', path: '"\\.(a|b)$"', pattern: /\.(a|b)$/i }],
    ['@a', { kind: 'named', path: '@a' }],
  ])('%s', (words, match) => {
    expect(matchOf(words)).toEqual(match);
  });

  it.each([
    ['/x', '/'],
    ['/a/x', '/a/'],
    ['/a/b', '= /a/b'],
    ['/a/x.php', '~ \\.php$'],
    ['/firm/x.php', '^~ /firm/'],
  ])('of %s is %s', (path, words) => {
    expect(chosen(['/', '/a/', '= /a/b', '~ \\.php$', '^~ /firm/', '@a'], path)).toBe(words);
  });

  it('cannot be told where a pattern is none of JavaScript’s, or where none holds', () => {
    expect(chosen(['/', '~ (?<!a'], '/x')).toBeUndefined();
    expect(chosen(['= /', '^~ /a', '~ (?<!a'], '/a')).toBe('^~ /a');
    expect(chosen(['= /'], '/x')).toBeUndefined();
  });
});
