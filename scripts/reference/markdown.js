/** Pieces of Markdown. */
import GithubSlugger, { slug } from 'github-slugger';
import { load } from './package.js';

const { showValue } = await load('nix/show.js');
const { nodeOf } = await load('nix/node.js');

/** A value as it is written in a module: TypeScript, whole, on one line. */
export function source(value) {
  if (nodeOf(value) !== undefined) return showValue(value);
  if (typeof value === 'string') {
    return `'${value.replaceAll(/[\\']/g, '\\$&').replaceAll('\n', '\\n')}'`;
  }
  if (Array.isArray(value)) return `[${value.map(source).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([name, member]) => `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : source(name)}: ${source(member)}`,
    );
    return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
  }
  return String(value);
}

/** A piece of code within a line, whatever backticks it holds. */
export function code(text) {
  if (!text.includes('`')) return `\`${text}\``;
  return `\`\` ${text} \`\``;
}

/** Prose as Markdown: what looks like a tag is shown, and not taken for one. Code within it is left alone. */
export const prose = (text) =>
  text
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 0 ? part.replaceAll('<', '\\<').replaceAll('*', '\\*') : part))
    .join('');

/** A link to a heading of another page, or of this one when no page is named. */
export const link = (text, page, heading) => `[${text}](${page}#${slug(heading)})`;

/** The anchors of a page's headings in their order: two of the same text have two. */
export function anchors(headings) {
  const slugger = new GithubSlugger();
  return headings.map((heading) => slugger.slug(heading));
}

/** The members of an object as lines of TypeScript, as a module has them. */
export function literal(members, indent = '') {
  return Object.entries(members).flatMap(([name, value]) => {
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : source(name);
    const whole = `${indent}${key}: ${isText(value) ? template(value) : source(value)},`;
    if (whole.length <= 100 && !(indent === '' && isSet(value))) return [whole];
    if (isSet(value)) return [`${indent}${key}: {`, ...literal(value, `${indent}  `), `${indent}},`];
    if (!Array.isArray(value)) return [whole];
    return [
      `${indent}${key}: [`,
      ...value.flatMap((item) =>
        isSet(item) && source(item).length > 90
          ? [`${indent}  {`, ...literal(item, `${indent}    `), `${indent}  },`]
          : [`${indent}  ${source(item)},`],
      ),
      `${indent}],`,
    ];
  });
}

const isText = (value) => typeof value === 'string' && value.includes('\n');
const template = (text) => `\`${text.replaceAll(/[\\`]|\$(?=\{)/g, '\\$&')}\``;
const isSet = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && nodeOf(value) === undefined;
