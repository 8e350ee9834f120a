import { wordsOf } from '../words.ts';

const { percent } = wordsOf('en');

export const concepts = {
  label: 'Concepts and detections',
  title: 'Concepts',
  add: 'Add concept',
  placeholder: 'What to look for',
  placeholderFirst: 'face, hands, silver ring…',
  phraseLabel: (index: number) => `Concept ${index}: what to look for`,
  teach: 'Name one thing per line, then press Detect. Tick what should be refined.',
  teachNoPicture: 'Open a picture first. Then name what matters in it.',
  suggestions: 'In this sample',
  nothing: (presence: number) =>
    `Nothing found. The model is ${percent(presence)} sure it is in the picture at all; try another word or a lower threshold.`,
  layer: (layer: number) => `L${layer}`,
  layerTitle: (layer: number) => `Layer ${layer}`,
  edit: (phrase: string) => `Settings of ${phrase || 'this concept'}`,
  remove: 'Remove concept',
  removed: (phrase: string) => `Removed ${phrase || 'the concept'}.`,
  paintByHand: 'Paint a mask by hand',
  count: (ticked: number, total: number) => `${ticked} of ${total} ticked`,
  tickAll: (phrase: string) => `Refine all of ${phrase || 'this concept'}`,
  unnamed: 'Unnamed concept',
};

export const detection = {
  name: (number: number, phrase: string) => `${phrase || 'Detection'} ${number}`,
  tick: (number: number) => `Refine detection ${number}`,
  score: 'Score',
  scoreHint: 'sigmoid(logit) · sigmoid(presence): how well the mask matches the phrase.',
  presence: 'Presence',
  presenceHint: 'How sure the model is that the concept is in the picture at all.',
  edited: 'Edited by hand',
  editedHint: 'A new detection run keeps this mask.',
  position: 'Area',
  refineThis: 'Refine this detection',
  refineHint: 'Only ticked detections are re-painted.',
  mask: 'Mask',
  brush: 'Brush',
  eraser: 'Eraser',
  maskTeach: 'Paint on the picture to add, hold Alt or use the right button to erase.',
  zoomTo: 'Zoom to it',
  only: 'Tick only this one',
  remove: 'Remove detection',
  removed: (number: number) => `Removed detection ${number}.`,
  conceptSettings: 'Concept settings',
};
