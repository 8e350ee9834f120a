/** What survives the visit. */
export const session = {
  restoring: (name: string) => `Bringing ${name} back…`,
  restored: (name: string) => `${name} is as you left it, undo included.`,
  startAfresh: 'Start afresh',
  notStored:
    'Your work could not be stored in the browser (a private window, or a full disk), so it would not survive a reload. Export what you want to keep.',
  unreadable: (name: string, why: 'newer' | 'broken' | 'unread') =>
    `${name || 'The last document'} ${
      {
        newer: 'was stored by a newer version of the studio. Reload the page to get that version.',
        broken:
          'could not be read back, so the studio starts afresh. It stays stored until you open another picture.',
        unread: 'could not be read this time. It stays stored: reload the page to try again.',
      }[why]
    }`,
  damaged: (name: string) =>
    `Some steps or snapshots of ${name} could not be read back and are gone. The picture and all that is done to it are whole.`,
  pictureLost: (name: string, reason: string) =>
    `${name} could not be opened again, so the studio starts afresh (${reason}). It stays stored: reload the page to try again.`,
  pictureEndsWorker: (name: string) =>
    `The networks stopped twice while ${name} was being opened again (most likely the memory ran out), so the studio starts afresh. It stays stored: reload the page to try again.`,
  pixelsInMemory: (bytes: string) =>
    `The disk would not take the pixels of your layers: ${bytes} are in memory alone and end with this tab. Free some space, or export what you want to keep.`,
};
