import type { Catalogue } from '../en/index.ts';
import { text } from '../parameter-text.ts';
import { wordsOf } from '../words.ts';

const { percent } = wordsOf('de');

export const parameters: Catalogue['parameters'] = {
  sections: {
    find: 'Was gesucht wird',
    detail: 'Erkennungen',
    global: 'Ganzes Bild',
    tiles: 'Kacheln',
    anchor: 'Bildanker',
    sampling: 'Sampling',
    noise: 'Rauschen',
  },
  phrase: text('Suchen nach', 'Der Begriff, nach dem SAM 3 sucht. Ein englisches Hauptwort wirkt am besten.'),
  prompt: text('Malen', 'Prompt für diese Ausschnitte. Leer: der Suchbegriff selbst.'),
  promptPlaceholder: 'Wie der Suchbegriff',
  negative: text('Vermeiden', 'Negativer Prompt: was die Ausschnitte nicht werden sollen.'),
  denoise: text(
    'Stärke',
    'Wie weit sich das Bild ändern darf: 0 lässt es, 1 malt es neu. Fachwort: Entrauschstärke (denoise, img2img strength).',
  ),
  anchor: text(
    'Aussehen halten',
    'Wie stark Farben und Identität dem Original folgen. Fachwort: IP-Adapter-Stärke.',
  ),
  anchorPreset: text(
    'Halten',
    'Welche Blöcke des UNet auf den Anker hören: sein Stil, seine Komposition oder alles. Fachwort: IP-Adapter weight type.',
  ),
  anchorStart: text(
    'Von',
    'Anteil der Schritte, nach dem der Anker zu wirken beginnt; 0 ist am stärksten verrauscht.',
  ),
  anchorEnd: text('Bis', 'Anteil der Schritte, nach dem der Anker loslässt.'),
  layer: text(
    'Ebene',
    'Untere Ebenen werden zuerst fertig; Augen gehören über das Gesicht, in dem sie liegen.',
  ),
  selection: text(
    'Anhaken nach dem Erkennen',
    'Welche der gefundenen Objekte zum Verfeinern angehakt werden.',
  ),
  maxObjects: text(
    'Höchstens',
    'So viele Objekte je Konzept werden behalten: die mit der besten Treffergüte, oder die größten, wo die Liste nach Größe geordnet ist.',
  ),
  threshold: text(
    'Schwelle',
    'Die Treffergüte ist sigmoid(logit) · sigmoid(presence); was darüber liegt, wird behalten.',
  ),
  canvasSize: text(
    'Arbeitsfläche',
    'Lange Seite der Arbeitsfläche, auf der die Netze malen, in Pixeln. Rastet auf Vielfache von 8 ein.',
  ),
  exportSize: text(
    'Export',
    'Lange Seite des gespeicherten PNG in Pixeln. Kleiner als die Arbeitsfläche: mit Lanczos verkleinert.',
  ),
  detailEnabled: text(
    'Erkennungen verfeinern',
    'Jede angehakte Erkennung wird 1:1 ausgeschnitten und neu gemalt. Fachwort: Detail-Durchgang.',
  ),
  padding: text('Umgebung', 'Wie viel Umgebung jeder Ausschnitt sieht, als Anteil seiner längeren Seite.'),
  grow: text(
    'Maske erweitern',
    'Erweitert (+) oder verkleinert (−) jede Maske vor dem Einblenden, in Pixeln der Arbeitsfläche.',
  ),
  feather: text(
    'Weiche Kante',
    'Breite des weichen Übergangs (smoothstep) um jede Maske, in Pixeln der Arbeitsfläche. Fachwort: Feather.',
  ),
  globalEnabled: text(
    'Ganzes Bild verfeinern',
    'Überlappende Kacheln polieren alles. Fachwort: globaler Durchgang.',
  ),
  globalDenoise: text(
    'Stärke',
    'Wie weit die Kacheln das Bild ändern dürfen. Fachwort: Entrauschstärke (denoise).',
  ),
  refinedFactor: text(
    'In verfeinerten Bereichen',
    'Wo Erkennungen verfeinert wurden, wird die Stärke hiermit multipliziert. Fachwort: differential denoise.',
  ),
  globalPrompt: text('Malen', 'Prompt für jede Kachel. Zum Polieren darf er leer sein.'),
  globalNegative: text('Vermeiden', 'Negativer Prompt für jede Kachel.'),
  tile: text('Kachelgröße', 'Größere Kacheln sehen mehr Umgebung und brauchen mehr Speicher.'),
  overlap: text('Überlappung', 'Pixel, die sich benachbarte Kacheln teilen; versteckt Nähte.'),
  sampler: text('Sampler', 'Das Verfahren, das vom Rauschen zum Bild führt.'),
  scheduler: text('Scheduler', 'Wie die Rauschstufen (Sigmas) verteilt sind.'),
  steps: text(
    'Schritte',
    'Modellaufrufe je Ausschnitt oder Kachel, unabhängig von der Stärke (wie in ComfyUI).',
  ),
  guidance: text('Prompttreue', 'Wie wörtlich Prompts genommen werden. Fachwort: CFG, guidance scale.'),
  seed: text('Seed', 'Gleicher Seed, gleiches Rauschen und damit gleiches Bild.'),
  randomSeed: 'Neuer zufälliger Seed',
  octaves: text('Oktaven', 'Zusätzliche grobe Schichten im Rauschfeld; 0 ist reines weißes Rauschen.'),
  discount: text('Gewicht der Oktaven', 'Gewicht jeder Oktave im Verhältnis zu der darunter.'),
  statistics: 'Gemessenes Rauschen',
  mean: 'Mittelwert',
  neighbours: 'Nachbarn x / y',
  promptSyntax: text('Prompt-Syntax', 'Wie (Gewichte:1.2) in Prompts gelesen werden.'),
  batchLimit: text(
    'Batch',
    'Höchstzahl der Ausschnitte oder Kacheln je Netzaufruf. Ändert Tempo und Speicher, nie das Ergebnis.',
  ),
  sigma: (sigma) => `σ ${sigma}`,
  presence: (percentage) => `Vorhandensein ${percent(percentage / 100)}`,
  px: 'px',
  percent: '%',
  percentRange: (start, end) => `${start}–${percent(end / 100)}`,
  anchorPresets: {
    all: 'Alles',
    style: 'Stil',
    composition: 'Komposition',
    'style+composition': 'Beides',
  },
  selections: {
    all: 'Alle',
    largest: 'Größtes',
    center: 'Mittigstes',
    first: 'Beste Treffergüte',
  },
  samplers: {
    euler: 'Euler',
    euler_ancestral: 'Euler ancestral',
    heun: 'Heun',
    dpmpp_2m: 'DPM++ 2M',
    lcm: 'LCM',
  },
  schedulers: {
    karras: 'Karras',
    normal: 'Normal',
    sgm_uniform: 'SGM uniform',
    exponential: 'Exponentiell',
    simple: 'Einfach',
  },
  promptSyntaxes: { comfy: 'ComfyUI', a1111: 'A1111' },
};
