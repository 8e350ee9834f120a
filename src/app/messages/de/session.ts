import type { Catalogue } from '../en/index.ts';

export const session: Catalogue['session'] = {
  restoring: (name) => `${name} wird zurückgeholt …`,
  restored: (name) => `${name} ist wieder da, wie es war, samt Rückgängig.`,
  startAfresh: 'Neu anfangen',
  notStored:
    'Die Arbeit ließ sich im Browser nicht sichern (privates Fenster oder voller Datenträger) und würde ein Neuladen nicht überstehen. Was bleiben soll, bitte exportieren.',
  unreadable: (name, newer) =>
    `${name || 'Das letzte Dokument'} ${
      newer
        ? 'wurde von einer neueren Version des Studios gesichert. Die Seite neu laden, um diese zu bekommen'
        : 'ließ sich nicht wieder einlesen, darum fängt das Studio neu an'
    }. Es bleibt gesichert, bis ein anderes Bild geöffnet wird.`,
  pictureLost: (name, reason) =>
    `${name} ließ sich nicht wieder öffnen, darum fängt das Studio neu an (${reason}). Es bleibt gesichert, bis ein anderes Bild geöffnet wird.`,
  pictureEndsWorker: (name) =>
    `Beim Öffnen von ${name} sind die Netze zweimal stehen geblieben (wohl aus Speichermangel), darum fängt das Studio neu an. Es bleibt gesichert, bis ein anderes Bild geöffnet wird.`,
  pixelsInMemory: (bytes) =>
    `Der Datenträger nimmt die Pixel der Ebenen nicht an: ${bytes} liegen nur im Speicher und enden mit diesem Tab. Platz schaffen oder exportieren, was bleiben soll.`,
};
