export const errors = {
  workerLost:
    'The networks stopped unexpectedly and were started again. Your picture, concepts and masks are kept.',
  gpuLost:
    'The graphics card stopped answering, so the networks were started again. Your picture, concepts and masks are kept.',
  layersReturn: 'Finished layers are read back from the disk.',
  notStarted: (reason: string) =>
    `The networks could not start (${reason}). Try again; if it fails again, reload the page in a current Chrome.`,
  unexpected: (reason: string) => `Something went wrong inside the studio: ${reason}`,
  notRead: (name: string, reason: string) =>
    `${name} could not be read (${reason}). Check that it is still there, then open it again.`,
  noPictureInClipboard: 'There is no picture in the clipboard.',
  sampleMissing: 'The sample picture could not be loaded.',
};
