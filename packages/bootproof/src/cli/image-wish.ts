/** What `--on` may say. Apart from the choice itself, so that help loads nothing of it. */
export const imageWishes = ['auto', 'nixos', 'stand-in'] as const;

export type ImageWish = (typeof imageWishes)[number];
