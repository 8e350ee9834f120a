/** Words of a detector's file name that say how it was made and not what it finds. */
const MAKE =
  /^(yolo.*|v?\d+(\.\d+)*[a-z]?|[nsmlx]|adetailer|detailer|detector|detection|detect|seg|segm|segmentation|bbox|best|model|full|short|mesh|only|onnx|fp16|world.*|mediapipe|ultralytics|last)$/;

/** What words in detectors' names mean to SAM 3. */
const WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    faces: 'face',
    hands: 'hand',
    eyes: 'eye',
    persons: 'person',
    people: 'person',
    body: 'person',
    feet: 'foot',
    deepfashion2: 'clothing',
  }),
);

/**
 * What a detection model looks for, by its file name: "bbox/face_yolov8m.pt" finds faces. Empty where the name does not
 * say.
 */
export function phraseOfDetector(modelName: string): string {
  const base = (modelName.split(/[\\/]/).pop() ?? '').toLowerCase().replace(/\.[a-z]+$/, '');
  if (/eyes?_only/.test(base)) return 'eye';
  const words = base.split(/[\s_.-]+/).filter((word) => word !== '' && !MAKE.test(word));
  return words.map((word) => WORDS.get(word) ?? word).join(' ');
}
