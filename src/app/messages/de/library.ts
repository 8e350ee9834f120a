import type { Catalogue } from '../en/index.ts';
import { wordsOf } from '../words.ts';

const { plural } = wordsOf('de');

type Models = Catalogue['models'];

const fileCount = (count: number) => plural(count, { one: 'Modelldatei', other: 'Modelldateien' });

export const library: Models['library'] = {
  link: 'Ordner verknüpfen …',
  linkHint:
    'Ein Ordner von ComfyUI oder A1111. Dateien werden an Ort und Stelle gelesen, nie kopiert oder geändert.',
  addFiles: 'Dateien verwenden …',
  cannotLink:
    'Dieser Browser kann keine Ordner verknüpfen. Die Dateien eines gewählten Ordners sind nutzbar, bis die Seite geschlossen wird; Chrome und Edge merken ihn sich.',
  chooseFolder: 'Ordner für diese Sitzung wählen …',
  noWeights: 'In diesem Ordner ist keine Modelldatei.',
  filter: 'Dateien filtern',
  groupBy: 'Gruppieren nach',
  byKind: 'Art',
  byFolder: 'Ordner',
  files: fileCount,
  unusableFiles: (count) => `${count} davon nicht verwendbar`,
  scanning: 'Die Datei-Header werden gelesen …',
  linking: 'Modelle werden gesucht …',
  linked: (name, count) => `${name} verknüpft: ${fileCount(count)}.`,
  notOpened: (reason) => `Dieser Ordner ließ sich nicht öffnen (${reason}). Bitte einen anderen wählen.`,
  unlink: (name) => `Verknüpfung mit ${name} lösen`,
  unlinked: (name) => `Verknüpfung mit ${name} gelöst. Die Dateien darin sind unverändert.`,
  rescan: (name) => `In ${name} nach neuen Dateien suchen`,
  permissionPrompt: 'Chrome fragt einmal je Besuch, bevor Dateien gelesen werden dürfen.',
  permissionDenied: 'Chrome wurde das Lesen untersagt.',
  allow: 'Wieder erlauben',
  notAllowed: (name) =>
    `Chrome erlaubt das Lesen von ${name} nicht. Ein Klick auf das Symbol links neben der Adresse ändert das.`,
  use: 'Verwenden',
  useFor: (name, role) => `${name} verwenden als ${role}`,
  inUse: 'In Gebrauch',
  offlineOf: (name) => `${name} offline verfügbar machen`,
  removeCopy: (name) => `Offline-Kopie von ${name} entfernen`,
  removed: (name) => `Offline-Kopie von ${name} entfernt.`,
  unfinished: 'Unterbrochene Kopien',
  unfinishedState: (done, total) =>
    `${done} von ${total} sind da. Erneutes Starten (Offline-Kopie oder Download) macht dort weiter, wo es aufgehört hat.`,
  discard: 'Verwerfen',
  discardOf: (name) => `Unterbrochene Kopie von ${name} verwerfen`,
  discarded: (name) => `Unterbrochene Kopie von ${name} verworfen.`,
  keptOffline: (name) => `${name} funktioniert jetzt offline.`,
  refused: (count) => `Nicht verwendbar (${count})`,
  noMatch: (query) => `Nichts passt zu „${query}“.`,
  licence: (name) => `Lizenz: ${name}`,
  other: 'Andere Dateien',
  where: {
    demo: 'Demo-Paket',
    file: 'diese Sitzung',
    linked: 'verknüpft',
    imported: 'offline gespeichert',
  },
  session: 'Dateien dieser Sitzung',
  demoGroup: 'Demo-Paket',
  importedGroup: 'Offline gespeichert',
  topOfFolder: 'Oberste Ebene des verknüpften Ordners',
};

export const first: Models['first'] = {
  title: 'Eigene Modelle verwenden',
  lead: 'Den vorhandenen Modellordner verknüpfen. Dateien werden an Ort und Stelle gelesen: nichts wird kopiert, umgewandelt oder hochgeladen.',
  running: 'Im Moment läuft: das Demo-Paket',
  runningText:
    'Das ganze Studio funktioniert damit, auch offline. Es ist winzig und hat von Zeichnungen gelernt, also am besten an den Beispielen ausprobieren; Fotos brauchen Modelle in voller Größe.',
  sample: 'Ein Beispiel ausprobieren',
  needed: 'Was wofür gebraucht wird',
  needs: {
    checkpoint: 'Jeder SDXL-Checkpoint malt Details und Kacheln neu.',
    sam3: 'SAM 3 findet, was benannt wird. Ohne ihn: Masken von Hand malen.',
    'ip-adapter': 'Der IP-Adapter hält Gesichter und Farben. Optional.',
    vision: 'Durch CLIP-ViT-H schaut der IP-Adapter.',
  },
  get: 'Modelle besorgen',
  offline: 'Alles läuft auf diesem Rechner und funktioniert auch ohne Netzwerk weiter.',
};

export const get: Models['get'] = {
  lead: 'Dateien von ihren Urhebern, zur Offline-Nutzung in diesem Browser gespeichert. Schon auf der Festplatte? Dann lieber den Ordner verknüpfen.',
  upscalers: 'Upscaler',
  size: 'Größe nennt die Quelle',
  licence: (name) => `Lizenz: ${name}`,
  source: 'Quelle',
  newTab: 'öffnet sich in einem neuen Tab',
  download: 'Herunterladen …',
  downloadOf: (title) => `${title} herunterladen`,
  start: (size) => (size === null ? 'Download starten' : `${size} herunterladen`),
  accept: 'Ich habe die Lizenz gelesen und nehme sie an',
  token: 'Zugriffstoken',
  tokenHint:
    'Diese Datei ist zugangsbeschränkt: an der Quelle die Bedingungen annehmen und ein Lese-Token einfügen. Es wird nicht gespeichert.',
  cancel: 'Abbrechen',
  byHand:
    'Muss von der eigenen Seite heruntergeladen werden; danach den Ordner verknüpfen oder die Datei hierher ziehen.',
  present: 'In der Bibliothek',
  notUsable: 'Diese Version des Studios kann es noch nicht ausführen.',
  done: (title) => `${title} ist in der Bibliothek.`,
};

export const transfer: Models['transfer'] = {
  label: 'Übertragungen',
  import: (name) => `${name} wird kopiert`,
  download: (name) => `${name} wird heruntergeladen`,
  progress: (done, total) => `${done} von ${total}`,
  speed: (bytes) => `${bytes}/s`,
  left: (time) => `noch ${time}`,
  cancel: (title) => `Anhalten: ${title}`,
  stop: 'Anhalten',
  resume: 'Fortsetzen',
  dismiss: (title) => `Verwerfen: ${title}`,
  paused: 'Angehalten. Was angekommen ist, bleibt zum Fortsetzen gespeichert.',
  restarted: 'Angehalten, weil die Netze neu gestartet wurden. Was angekommen ist, bleibt gespeichert.',
  starting: 'startet',
  announce: (title, percent) => `${title}: ${percent} Prozent`,
};
