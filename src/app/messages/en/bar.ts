import { wordsOf } from '../words.ts';

const { percent: percentOf, plural } = wordsOf('en');

export const bar = {
  label: 'Run',
  detect: 'Detect',
  refineCount: (count: number) => `Refine ${plural(count, { one: 'detection', other: 'detections' })}`,
  refineWhole: 'Refine picture',
  stop: 'Stop',
  stopping: 'Stopping…',
  endNow: 'End now',
  endNowHint:
    'The current step takes long. Ending now drops what is being painted; finished areas come back from the disk.',
  noPicture: 'Open a picture to start',
  nothingToDo: 'Nothing to refine: tick a detection or turn on the whole-picture pass.',
  needsConcept: 'Name a concept to detect it.',
  estimating: 'Working out the cost…',
  crops: (count: number) => plural(count, { one: 'crop', other: 'crops' }),
  tiles: (count: number) => plural(count, { one: 'tile', other: 'tiles' }),
  calls: (count: number) => plural(count, { one: 'model call', other: 'model calls' }),
  noEstimate: 'time known after the first run',
  seePlan: 'See the plan',
  memory: (peak: string) => `${peak} of memory`,
  about: (time: string) => `about ${time}`,
  left: (time: string) => `${time} left`,
  measuring: 'measuring…',
  percent: (fraction: number) => percentOf(fraction),
  announce: (phase: string, percent: number) => `${phase}, ${percent} percent done`,
  announceDone: 'Done',
  done: (time: string) => `Refined in ${time}`,
  stopped: (areas: number): string => (areas > 0 ? 'Stopped. Finished areas are kept.' : 'Stopped.'),
  replaced: (name: string) => `The run was stopped to open ${name}.`,
  ended:
    'The run was ended. The networks have been started again; your picture, concepts and masks are kept.',
  detected: (found: number, conceptCount: number) =>
    `Found ${plural(found, { one: 'detection', other: 'detections' })} for ${plural(conceptCount, { one: 'concept', other: 'concepts' })}.`,
  exported: (name: string, size: string) => `Saved ${name} (${size}).`,
  phases: {
    load: 'Loading networks',
    'encode-image': 'Looking at the picture',
    detect: 'Detecting',
    upscale: 'Upscaling',
    conditioning: 'Reading prompts',
    detail: 'Refining detections',
    global: 'Refining the whole picture',
    export: 'Writing the PNG',
  },
};

export const time = {
  seconds: (count: number) => `${count} s`,
  minutes: (minutes: number, seconds: number) => (seconds ? `${minutes} min ${seconds} s` : `${minutes} min`),
  hours: (hours: number, minutes: number) => (minutes ? `${hours} h ${minutes} min` : `${hours} h`),
};
