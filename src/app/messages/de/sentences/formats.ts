/** Files that cannot be read: src/formats. */
export const formats: Readonly<Record<string, string>> = {
  '"{0}" holds {1} masks, more than the {2} this studio takes at once.':
    '„{0}“ enthält {1} Masken, mehr als die {2}, die dieses Studio auf einmal nimmt.',
  '"{0}" holds no masks.': '„{0}“ enthält keine Masken.',
  '"{0}" is not JSON: it is cut off or damaged.': '„{0}“ ist kein JSON: abgeschnitten oder beschädigt.',
  '"{0}" holds polygons without the width and height of their picture, so nobody can tell where they lie.':
    '„{0}“ enthält Polygone ohne Breite und Höhe ihres Bildes, ihre Lage ist also unbekannt.',
  '"{0}" holds a polygon that is not a list of at least three points.':
    '„{0}“ enthält ein Polygon, das keine Liste von mindestens drei Punkten ist.',
  'its "size" is not [height, width], each from 1 to {0}': '„size“ ist nicht [Höhe, Breite] mit je 1 bis {0}',
  'its "counts" are neither whole numbers nor text': '„counts“ sind weder ganze Zahlen noch Text',
  'its runs describe {0} pixels, but its size is {1}×{2} px':
    'die Läufe beschreiben {0} Pixel, die Größe ist aber {1}×{2} px',
  'its "counts" hold the character "{0}", which is not part of the code':
    '„counts“ enthalten das Zeichen „{0}“, das nicht zum Code gehört',
  'its "counts" hold a number that is too long': '„counts“ enthalten eine zu lange Zahl',
  'its "counts" end in the middle of a number': '„counts“ enden mitten in einer Zahl',
  '"{0}" holds no mask in COCO\'s run-length form that this studio can read: {1}.':
    '„{0}“ enthält keine Maske in COCO-Lauflängenform, die dieses Studio lesen kann: {1}.',
  'it is larger than 256 KiB': 'sie größer als 256 KiB ist',
  'it lists more than {0} paths': 'sie mehr als {0} Pfade nennt',
  'it is nested too deeply': 'sie zu tief verschachtelt ist',
  'it is not readable as YAML ({0})': 'sie nicht als YAML lesbar ist ({0})',
  '"{0}" was not used, because {1}. Models in the folder itself are found without it.':
    '„{0}“ wurde nicht verwendet, weil {1}. Modelle im Ordner selbst werden auch ohne sie gefunden.',
  '"{0}" is {1} × {2} px. Pictures may have sides up to {3} px and {4} megapixels; scale it down first.':
    '„{0}“ hat {1} × {2} px. Bilder dürfen Seiten bis {3} px und {4} Megapixel haben; bitte zuerst verkleinern.',
  '"{0}" is only {1} × {2} px; there is nothing to refine.':
    '„{0}“ hat nur {1} × {2} px; da gibt es nichts zu verfeinern.',
  '"{0}" is not a PNG, JPEG or WebP picture.': '„{0}“ ist kein PNG-, JPEG- oder WebP-Bild.',
  '"{0}" is damaged: its header ends before the picture size.':
    '„{0}“ ist beschädigt: der Header endet vor der Bildgröße.',
  '"{0}" has no tensor "{1}".': '„{0}“ hat keinen Tensor „{1}“.',
  '"{0}" ended while "{1}" was being read.': '„{0}“ war zu Ende, während „{1}“ gelesen wurde.',
  'its header is not a JSON object': 'der Header ist kein JSON-Objekt',
  'its header is nested too deeply': 'der Header ist zu tief verschachtelt',
  'its header has an object of more than {0} fields': 'der Header hat ein Objekt mit mehr als {0} Feldern',
  'its header names {0} twice': 'der Header nennt {0} zweimal',
  'its header has a list of more than {0} entries': 'der Header hat eine Liste mit mehr als {0} Einträgen',
  'its header is not valid JSON near character {0}': 'der Header ist bei Zeichen {0} kein gültiges JSON',
  'it is {0} bytes long, too short for a header': 'sie ist {0} Bytes lang, zu kurz für einen Header',
  'the file ends inside its header; it may be truncated':
    'die Datei endet im Header; sie ist vielleicht abgeschnitten',
  '"{0}" is not a usable .safetensors file: {1}.': '„{0}“ ist keine verwendbare .safetensors-Datei: {1}.',
  'its header claims {0} bytes but the file has only {1}; it may be truncated or of another format':
    'der Header gibt {0} Bytes an, die Datei hat aber nur {1}; sie ist vielleicht abgeschnitten oder von anderem Format',
  'its header claims {0} bytes, more than any model needs':
    'der Header gibt {0} Bytes an, mehr als irgendein Modell braucht',
  'its header is not UTF-8 text': 'der Header ist kein UTF-8-Text',
  'it contains no tensors': 'sie enthält keine Tensoren',
  'it lists {0} tensors (limit {1})': 'sie nennt {0} Tensoren (höchstens {1} sind erlaubt)',
  '"__metadata__" is not an object': '„__metadata__“ ist kein Objekt',
  'metadata field {0} is not text': 'Metadatenfeld {0} ist kein Text',
  'tensor {0} {1}': 'Tensor {0} {1}',
  'has a name of {0} characters': 'hat einen Namen von {0} Zeichen',
  'has a name with control characters': 'hat einen Namen mit Steuerzeichen',
  'is described by something that is not an object': 'wird durch etwas beschrieben, das kein Objekt ist',
  'has {0} data_offsets that begin with {1} and {2}': 'hat {0} data_offsets, die mit {1} und {2} beginnen',
  'has {0} axes (limit {1})': 'hat {0} Achsen (höchstens {1} sind erlaubt)',
  'needs {0} bytes but its data_offsets span {1}': 'braucht {0} Bytes, seine data_offsets umfassen aber {1}',
  'has the unknown type {0}': 'hat den unbekannten Typ {0}',
  'has no valid {0}': 'hat kein gültiges {0}',
  'tensor {0} lies beyond the end of the file; the file may be truncated':
    'Tensor {0} liegt hinter dem Ende der Datei; sie ist vielleicht abgeschnitten',
  'tensor {0} overlaps the one before it': 'Tensor {0} überlappt den davor',
  'there is a hole before tensor {0}': 'vor Tensor {0} ist eine Lücke',
  '{0} bytes follow the last tensor': 'hinter dem letzten Tensor folgen {0} Bytes',
  '"{0}" is a pickle file, which can run programs hidden inside it, so it is never opened here. Convert it to .safetensors (for example with ComfyUI\'s "Save Checkpoint" node or the safetensors converter on Hugging Face) and choose that.':
    '„{0}“ ist eine Pickle-Datei, in der Programme versteckt sein können, und wird hier darum nie geöffnet. Bitte in .safetensors umwandeln (etwa mit ComfyUIs Node „Save Checkpoint“ oder dem safetensors-Konverter auf Hugging Face) und diese Datei wählen.',
};
