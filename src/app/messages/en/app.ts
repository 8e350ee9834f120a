import { wordsOf } from '../words.ts';

const { number } = wordsOf('en');

export const app = {
  name: 'Luna Studio',
  untitled: 'No picture',
  starting: 'Starting the networks…',
  startFailed: 'The networks could not start.',
  pictureSize: (width: number, height: number) => `${width} × ${height}`,
  close: 'Close',
  undo: 'Undo',
  left: (name: string) => `${name} was left, with its detections and layers.`,
  goBack: 'Go back to it',
  goBackTo: (name: string) => `Go back to ${name}`,
  opening: (name: string) => `Opening ${name}…`,
  tryAgain: 'Try again',
  notifications: 'Messages',
  closeNotification: 'Close the message',
};

export const header = {
  label: 'Studio',
  compare: 'Compare',
  compareUnavailable: 'Comparing starts with the first refined area',
  palette: 'Find a command',
  settings: 'Settings of the studio',
  exportPng: 'Export PNG',
  exportPlain: 'Export PNG, only upscaled so far',
  open: 'Open another picture',
  showLeft: 'Show concepts',
  hideLeft: 'Hide concepts',
  showRight: 'Show settings',
  hideRight: 'Hide settings',
  tabs: 'Panels',
  tabPicture: 'Picture',
  tabConcepts: 'Concepts',
  tabSettings: 'Settings',
};

export const welcome = {
  title: 'Refine a picture at 4K',
  lead: 'Drop an image anywhere. Name what matters in it, check what is found, and have it re-painted in native 4K. Nothing leaves this computer.',
  open: 'Open picture',
  paste: 'or paste with',
  drops: {
    picture: 'Drop to open the picture',
    pictureOrMask: 'Drop to open the picture; a mask is offered for the selected detection',
    json: 'Drop to take the masks or settings in the file',
    models: 'Drop to use model files, or to link a folder of them',
  },
  onePicture: (taken: string, left: string, more: number) =>
    `One picture at a time: “${taken}” was taken. Left out: ${more > 0 ? `${left} and ${number(more)} more` : left}.`,
  samples: 'Or try a sample',
  formats: 'PNG, JPEG or WebP',
  demo: 'Running on the small demo pack, made for trying the studio.',
  linkModels: 'Use your own models',
  waiting: (folder: string) => `The models in ${folder} wait until Chrome may read them again.`,
};
