import leven from 'leven';

/**
 * The names most like a mistyped one, best first, at most three: what an error offers under "did you mean".
 * A name is near when at most a third of its letters differ.
 */
export function nearestNames(name: string, candidates: Iterable<string>): string[] {
  const limit = Math.max(2, Math.floor(name.length / 3));
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, distance: leven(name, candidate, { maxDistance: limit + 1 }) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}
