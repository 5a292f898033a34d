/** What the image room is at. `note` tells something that the user should know although the build goes on. */
export type ImageStep = 'cache' | 'wait' | 'base' | 'image' | 'note';

export interface ImageProgress {
  readonly step: ImageStep;
  readonly detail: string;
  /** 0 to 1 within the step, where it is known; never falls. */
  readonly fraction?: number;
}

export type OnProgress = (progress: ImageProgress) => void;
