import type { Catalogue } from '../en/index.ts';
import { wordsOf } from '../words.ts';
import { first, get, library, transfer } from './library.ts';

const { number, plural } = wordsOf('de');

type Models = Catalogue['models'];

const roles: Models['roles'] = {
  checkpoint: 'Bildmodell',
  'text-l': 'Text-Encoder CLIP-L',
  'text-g': 'Text-Encoder CLIP-G',
  autoencoder: 'Autoencoder',
  vision: 'CLIP-Vision',
  'ip-adapter': 'Bildanker',
  sam3: 'Detektor',
  lora: 'LoRAs',
};

const roleHints: Models['roleHints'] = {
  checkpoint: 'Malt Ausschnitte und Kacheln neu. Ein Checkpoint der SDXL-Familie.',
  'text-l': 'Liest die Prompts, erste Hälfte. Die meisten Checkpoints enthalten einen eigenen.',
  'text-g': 'Liest die Prompts, zweite Hälfte. Die meisten Checkpoints enthalten einen eigenen.',
  autoencoder: 'Übersetzt Pixel in Latents und zurück (VAE).',
  vision: 'Liest das Aussehen jedes Ausschnitts für den Anker (CLIP-ViT-H).',
  'ip-adapter': 'Hält jeden Ausschnitt seinem Aussehen treu (IP-Adapter).',
  sam3: 'Findet, was die Suchbegriffe nennen (SAM 3).',
  lora: 'Ändern, was das Bildmodell gelernt hat.',
};

const use: Models['use'] = {
  title: 'In Gebrauch',
  choose: (role) => `Auswählen: ${role}`,
  search: 'Suchen …',
  nothingFound: 'Keine Datei passt.',
  fromCheckpoint: 'Aus dem Bildmodell',
  fromCheckpointHint: (name) => `Teil von ${name}.`,
  none: 'Keine',
  noCandidates: 'Noch keine passende Datei',
  missingRequired: 'Fehlt',
  missingOptional: 'Optional',
  get: 'Besorgen',
  onDevice: (bytes) => `${bytes} auf dem Gerät`,
  idle: (time) => `seit ${time} ungenutzt`,
  busyNow: 'eben benutzt',
  unload: 'Entladen',
  unloadOf: (role) => `${role} vom Gerät entladen`,
  unloaded: 'Entladen. Beim nächsten Gebrauch wird wieder geladen.',
  addLora: 'LoRA hinzufügen',
  noLoras: 'Keine. Hier lassen sich LoRAs der Bibliothek stapeln.',
  strengthOf: (name) => `Stärke von ${name}`,
  removeLora: (name) => `${name} entfernen`,
  unmatched: (count) =>
    `${plural(count, { one: 'Schlüssel passt', other: 'Schlüssel passen' })} zu nichts in diesem Bildmodell`,
};

const prediction: Models['prediction'] = {
  label: 'Das Modell sagt voraus',
  auto: 'Automatisch',
  eps: 'Rauschen (eps)',
  v: 'Geschwindigkeit (v)',
  hint: 'Automatisch folgt den Markern in der Datei. Graue, ausgewaschene Ergebnisse heißen: falsche Wahl.',
};

const preset: Models['preset'] = {
  label: 'Sampling für',
  families: {
    sdxl: 'SDXL base',
    pony: 'Pony',
    illustrious: 'Illustrious',
    lightning: 'Lightning',
    turbo: 'Turbo',
    lcm: 'LCM',
    hyper: 'Hyper-SD',
  },
  recognised: (family) => `${family} (erkannt)`,
  fits: 'Die Sampling-Einstellungen passen.',
  apply: 'Anwenden',
  change: (label, from, to) => `${label} ${from} → ${to}`,
  applied: (family) => `Sampling für ${family} eingestellt.`,
};

const memory: Models['memory'] = {
  budget: 'Speicher für das Studio',
  budgetHint:
    'Andere Programme brauchen auch etwas: auf der Karte, an der der Bildschirm hängt, etwa 2 GB frei lassen.',
  automatic: (size) => `Automatisch (${size})`,
  automaticPlain: 'Automatisch',
  plan: 'Der Plan für einen Lauf',
  noPlan: 'Der Plan erscheint, sobald ein Bildmodell gewählt ist.',
  peak: (peak, budget) => `Höchstens ${peak} von ${budget}, in Phasen nacheinander.`,
  overBudget: (peak, budget) => `${peak} wären nötig; ${budget} sind erlaubt.`,
  refused: 'Das passt nicht',
  keep: 'Ungenutzte Netze behalten',
  keepHint: 'Danach verlassen sie das Gerät und werden bei Bedarf wieder aus der Datei gelesen.',
  keepOptions: { never: 'Gar nicht', forever: 'Bis zum Schließen' },
  gigabytes: (count) => `${number(count)} GB`,
  minutes: (count) => `${number(count)} min`,
  resident: 'Jetzt auf dem Gerät',
  nothingResident: 'Nichts ist geladen. Netze kommen, sobald ein Lauf sie braucht.',
  unloadAll: 'Alle entladen',
  storage: 'Speicherplatz des Browsers',
  stored: (bytes) => `${bytes} für Offline-Kopien belegt.`,
  persistent: 'Geschützt: der Browser räumt es nicht von selbst weg.',
  bestEffort:
    'Nicht geschützt: der Browser darf es wegräumen, wenn die Platte voll ist. Eine Offline-Kopie bittet um Schutz.',
};

const chip: Models['chip'] = {
  label: (name) => `Modelle: ${name}`,
  demo: 'Demo-Paket',
  noModel: 'Kein Bildmodell',
  resident: (bytes) => `${bytes} geladen`,
};

export const models: Models = {
  title: 'Modelle',
  lead: 'Welche Datei welche Arbeit tut, wo sie liegt und was sie braucht.',
  starting: 'Die Netze starten …',
  tabs: { use: 'In Gebrauch', library: 'Bibliothek', get: 'Modelle besorgen', memory: 'Speicher' },
  tabsLabel: 'Teile der Modellansicht',
  drop: 'Modelldateien hier ablegen, oder einen Ordner zum Verknüpfen',
  reading: (name) => `${name} wird gelesen …`,
  demoTag: 'Demo',
  useDemo: 'Zurück zum Demo-Paket',
  used: (name) => `${name} ist in Gebrauch.`,
  unused: (role) => `${role}: keine Datei.`,
  loras: 'LoRAs',
  predictionChanged: 'was das Modell voraussagt',
  demoPack: 'das Demo-Paket',
  demoUsed: 'Zurück beim Demo-Paket.',
  busy: 'Modelle lassen sich ändern, wenn der Lauf fertig ist: er benutzt sie gerade.',
  settingsFollow: (steps, guidance) =>
    `Die Einstellungen passen jetzt zu diesem Bildmodell: ${steps} Schritte, Prompttreue ${number(guidance)}.`,
  settingsKept: (steps, guidance) =>
    `Die eigenen Einstellungen bleiben; zu diesem Bildmodell passen ${steps} Schritte und Prompttreue ${number(guidance)}.`,
  useSettings: 'Diese verwenden',
  runtime: 'Netze laufen auf',
  kernels: 'Pixel laufen auf',
  roles,
  roleHints,
  use,
  prediction,
  preset,
  library,
  first,
  get,
  transfer,
  memory,
  chip,
};
