import type { Catalogue } from '../en/index.ts';

export const session: Catalogue['session'] = {
  restoring: (name) => `${name} wird zurückgeholt …`,
  restored: (name) => `${name} ist wieder da, wie es war, samt Rückgängig.`,
  startAfresh: 'Neu anfangen',
  notStored:
    'Die Arbeit ließ sich im Browser nicht sichern (privates Fenster oder voller Datenträger) und würde ein Neuladen nicht überstehen. Was bleiben soll, bitte exportieren.',
  unreadable: (name, why) =>
    `${name || 'Das letzte Dokument'} ${
      {
        newer:
          'wurde von einer neueren Version des Studios gesichert. Die Seite neu laden, um diese zu bekommen.',
        broken:
          'ließ sich nicht wieder einlesen, darum fängt das Studio neu an. Es bleibt gesichert, bis ein anderes Bild geöffnet wird.',
        unread:
          'ließ sich diesmal nicht lesen. Es bleibt gesichert: Seite neu laden, um es wieder zu versuchen.',
      }[why]
    }`,
  damaged: (name) =>
    `Einige Schritte oder Schnappschüsse von ${name} ließen sich nicht wieder einlesen und sind weg. Das Bild und alles, was daran getan ist, sind vollständig.`,
  pictureLost: (name, reason) =>
    `${name} ließ sich nicht wieder öffnen, darum fängt das Studio neu an (${reason}). Es bleibt gesichert: Seite neu laden, um es wieder zu versuchen.`,
  pictureEndsWorker: (name) =>
    `Beim Öffnen von ${name} sind die Netze zweimal stehen geblieben (wohl aus Speichermangel), darum fängt das Studio neu an. Es bleibt gesichert: Seite neu laden, um es wieder zu versuchen.`,
  pixelsInMemory: (bytes) =>
    `Der Datenträger nimmt die Pixel der Ebenen nicht an: ${bytes} liegen nur im Speicher und enden mit diesem Tab. Platz schaffen oder exportieren, was bleiben soll.`,
};
