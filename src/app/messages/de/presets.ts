import type { Catalogue } from '../en/index.ts';
import { wordsOf } from '../words.ts';

const { plural } = wordsOf('de');

const NO_NEGATIVE = 'der negative Prompt wirkt dann nicht';

export const presets: Catalogue['presets'] = {
  sdxl: 'SDXL und die meisten daraus trainierten Modelle wollen etwa 20 Schritte und Prompttreue 4 bis 7.',
  pony: 'Pony-Modelle wollen etwa 25 Schritte, Prompttreue 7 und Prompts, die mit score_9 beginnen.',
  illustrious: 'Illustrious- und NoobAI-Modelle wollen 20 bis 28 Schritte, Prompttreue 5 bis 6 und Tags.',
  lightning: `Lightning-Modelle wollen 4 bis 8 Schritte und Prompttreue 1; ${NO_NEGATIVE}.`,
  turbo: `Turbo-Modelle wollen 1 bis 4 Schritte und Prompttreue 1; ${NO_NEGATIVE}.`,
  lcm: `LCM-Modelle wollen 4 bis 8 Schritte und Prompttreue 1; ${NO_NEGATIVE}.`,
  hyper: `Hyper-Modelle wollen so viele Schritte, wie ihr Name sagt (hier 8), und Prompttreue 1; ${NO_NEGATIVE}.`,
};

export const conceptPresets: Catalogue['conceptPresets'] = {
  open: 'Vorlagen und Übernahme',
  title: 'Konzepte einer Vorlage hinzufügen',
  sets: {
    portrait: 'Porträt',
    hands: 'Hände',
    'full-body': 'Ganzkörper',
    product: 'Produkt',
    landscape: 'Landschaft',
    anime: 'Anime',
  },
  addSet: (name) => `Vorlage ${name} hinzufügen`,
  own: 'Eigene Vorlagen',
  noneOwn: 'Die Konzepte dieses Dokuments lassen sich speichern und wieder verwenden.',
  name: 'Name der Vorlage',
  save: 'Speichern',
  saveHint: 'Speichert alle Konzepte dieses Dokuments, die sagen, wonach gesucht wird.',
  saved: (name) => `Die Vorlage ${name} wurde gespeichert.`,
  nothingToSave: 'Noch gibt es kein Konzept zu speichern. Zuerst eines benennen.',
  remove: (name) => `Vorlage ${name} entfernen`,
  removed: (name) => `Die Vorlage ${name} wurde entfernt.`,
  export: (name) => `Vorlage ${name} als Datei speichern`,
  added: (name, count) => `${plural(count, { one: 'Konzept', other: 'Konzepte' })} von ${name} hinzugefügt.`,
  file: 'Datei laden …',
  fileHint: 'Eine Vorlage, ein ComfyUI-Workflow mit Detailern des Impact Pack oder ADetailer-Einstellungen.',
  paste: 'Oder Einstellungen eines anderen Werkzeugs einfügen',
  pastePlaceholder: 'ADetailer model: face_yolov8n.pt, …',
  use: 'Übernehmen',
  fromPicture: 'Aus den ADetailer-Einstellungen dieses Bildes',
  unknown:
    'Diese Einstellungen kann das Studio nicht lesen: keine Vorlage, keine ADetailer-Einstellungen und kein Workflow mit Detailern des Impact Pack.',
  needsPicture: 'Zuerst ein Bild öffnen: Diese Einstellungen messen in seinen Pixeln.',
  imported: (count) => `${plural(count, { one: 'Konzept', other: 'Konzepte' })} übernommen.`,
  joined: (count) =>
    `${plural(count, { one: 'Konzept hat', other: 'Konzepte haben' })} bei gleichem Suchbegriff die Einstellungen übernommen.`,
  room: 'Platz ist für 100 Konzepte. Zuerst einige entfernen.',
};
