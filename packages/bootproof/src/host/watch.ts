/** How often it is looked. Milliseconds. */
const gapMs = 250;

/** Looks again and again until there is something to tell, and tells it once. Returns the way to call that off. */
export function watch<Sight>(look: () => Sight | undefined, tell: (sight: Sight) => void): () => void {
  const timer = setInterval(() => {
    const sight = look();
    if (sight === undefined) return;
    clearInterval(timer);
    tell(sight);
  }, gapMs);
  return () => clearInterval(timer);
}
