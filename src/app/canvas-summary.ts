import { layerName } from './layer-commands.ts';
import { formatPercent, messages } from './messages.ts';
import type { Studio } from './studio.ts';

/** What the canvas shows, in words: for those who cannot see it. */
export function canvasSummary(studio: Studio): string {
  const { document, view } = studio;
  const { image, canvas, detections, layers } = document;
  if (!image) return '';
  const texts = messages.canvas;
  const { width, height } = canvas ?? image.size;
  const selected = selectedName(studio);
  return [
    image.name,
    messages.app.pictureSize(width, height),
    detections.length > 0 ? messages.concepts.count(document.enabledCount, detections.length) : '',
    layers.length > 0 ? messages.layers.count(layers.length) : '',
    selected && texts.summary.selected(selected),
    canvas ? texts.modes[view.compare] : '',
    texts.summary.zoom(formatPercent(view.zoom(studio.documentScale))),
    detections.length > 0 && !view.masksVisible ? texts.masksHidden : '',
  ]
    .filter(Boolean)
    .join(', ');
}

function selectedName({ document }: Studio): string {
  const { selectedDetection, selectedConcept, selectedLayer } = document;
  if (selectedLayer) return layerName(selectedLayer);
  if (selectedConcept) return selectedConcept.phrase || messages.concepts.unnamed;
  if (!selectedDetection) return '';
  const phrase = document.conceptOf(selectedDetection)?.phrase ?? '';
  return messages.detection.name(document.numberOf(selectedDetection.id), phrase);
}
