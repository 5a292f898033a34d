/** Checks of a page that run inside the browser: each returns what is wrong, in words, and nothing when all is well. */

/** Structure that assistive technology relies on. */
export function structureFaults(): string[] {
  const faults: string[] = [];
  const all = <E extends Element = HTMLElement>(selector: string) => [
    ...document.querySelectorAll<E>(selector),
  ];
  if (document.documentElement.lang === '') faults.push('the document has no language');
  if (document.title === '') faults.push('the document has no title');
  if (all('h1').length !== 1) faults.push(`${all('h1').length} h1`);
  if (all('main').length !== 1) faults.push(`${all('main').length} main`);
  let level = 0;
  for (const heading of all('h1, h2, h3, h4, h5, h6')) {
    const next = Number(heading.tagName.slice(1));
    if (next > level + 1) faults.push(`h${level} is followed by h${next}: ${heading.textContent}`);
    if (heading.textContent?.trim() === '') faults.push('an empty heading');
    level = next;
  }
  for (const image of all<HTMLImageElement>('img'))
    if (image.alt.trim() === '') faults.push('an image without alt');
  for (const svg of all<SVGElement>('svg'))
    if (svg.getAttribute('aria-hidden') !== 'true') faults.push('a picture that is not hidden has no name');
  for (const table of all('table')) {
    if (table.querySelector('thead th') === null) faults.push('a table without headings');
    for (const head of table.querySelectorAll('th'))
      if (!head.hasAttribute('scope')) faults.push(`th without scope: ${head.textContent}`);
    for (const head of table.querySelectorAll('thead th'))
      if (head.textContent?.trim() === '') faults.push('an empty table heading');
  }
  for (const summary of all('summary'))
    if ((summary.textContent ?? '').trim() === '') faults.push('an empty summary');
  for (const list of all('ul, ol'))
    for (const child of list.children) if (child.tagName !== 'LI') faults.push(`${child.tagName} in a list`);
  for (const list of all('dl'))
    for (const child of list.children)
      if (!['DT', 'DD', 'DIV'].includes(child.tagName)) faults.push(`${child.tagName} in a dl`);
  const ids = all('[id]').map(({ id }) => id);
  for (const id of ids) if (ids.filter((other) => other === id).length > 1) faults.push(`id ${id} twice`);
  for (const link of all<HTMLAnchorElement>('a[href^="#"]'))
    if (!ids.includes(link.hash.slice(1))) faults.push(`a link to nowhere: ${link.hash}`);
  for (const name of all('[aria-labelledby]'))
    if (!ids.includes(name.getAttribute('aria-labelledby') ?? '')) faults.push('labelled by nothing');
  return faults;
}

/** Texts whose contrast with the ground behind them is below 4.5 to 1 (WCAG 2.2, 1.4.3). */
export function contrastFaults(): string[] {
  type Colour = readonly [number, number, number, number];
  const parse = (text: string): Colour => {
    const [red = 0, green = 0, blue = 0, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
    return [red, green, blue, alpha];
  };
  const luminance = (colour: Colour): number => {
    const [red = 0, green = 0, blue = 0] = colour.slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const groundOf = (element: Element | null): Colour => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) return colour;
    }
    return [255, 255, 255, 1];
  };
  const faults = new Set<string>();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!element || node.textContent?.trim() === '' || !element.checkVisibility({ visibilityProperty: true }))
      continue;
    const [one, two] = [luminance(parse(getComputedStyle(element).color)), luminance(groundOf(element))];
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (ratio < 4.5)
      faults.add(`${ratio.toFixed(2)} to 1: <${element.tagName.toLowerCase()} class="${element.className}">`);
  }
  return [...faults];
}

/** Elements that reach beyond the page's width. */
export function overflowFaults(): string[] {
  const width = document.documentElement.clientWidth;
  const faults = [...document.body.querySelectorAll('*')]
    .filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > width + 0.5)
    // What is there for assistive technology alone is clipped to nothing.
    .filter((element) => getComputedStyle(element).clipPath === 'none')
    .map((element) => `<${element.tagName.toLowerCase()} class="${element.getAttribute('class')}">`);
  if (document.documentElement.scrollWidth > width)
    faults.push(`the page is ${document.documentElement.scrollWidth} wide`);
  return faults;
}

/** Opens everything that is folded. */
export function openAll(): void {
  for (const details of document.querySelectorAll('details')) details.open = true;
}
