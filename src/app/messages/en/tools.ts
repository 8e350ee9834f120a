import { wordsOf } from '../words.ts';

const { number } = wordsOf('en');

export const tools = {
  label: 'Tools',
  select: 'Select and move',
  brush: 'Brush: add to the mask',
  eraser: 'Eraser: remove from the mask',
  size: 'Brush size',
  sizeValue: (radius: number) => `${Math.round(radius * 2)} px`,
  nothingToUndo: 'There is nothing to undo.',
  nothingToRedo: 'There is nothing to redo.',
  needsDetection: 'Select a detection first: its number on the picture, or its row in the list.',
  zoomIn: 'Zoom in',
  zoomOut: 'Zoom out',
  fit: 'Fit the window',
  actual: 'One picture pixel per screen pixel',
  zoom: (percent: number) => `${number(percent)}%`,
  overlays: 'Show masks and numbers',
  canvas: 'Picture. Arrow keys move it, plus and minus zoom.',
  compareHandle: 'Position of the before and after split',
  before: 'Before',
  after: 'After',
};
